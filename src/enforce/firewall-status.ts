import type { IpAddress } from "../domain/ip-address.ts";
import type { FirewallRecord, Store } from "../ports.ts";

/** What is on record of one firewall. */
export interface FirewallStatus {
  /** The last fault; null when all is well or nothing is known. */
  readonly fault: () => string | null;
  /** @param ownAddresses as before when the firewall could not be read */
  record(
    news: Pick<FirewallRecord, "state" | "error">,
    now: Date,
    ownAddresses?: readonly IpAddress[],
  ): Promise<void>;
}

/** Goes on from what the store holds. */
export function createFirewallStatus(
  name: string,
  store: Pick<Store, "firewalls" | "recordFirewall">,
): FirewallStatus {
  let last: Pick<FirewallRecord, "error" | "inSyncAt" | "ownAddresses"> | undefined;
  return {
    fault: () => last?.error ?? null,
    async record(news, now, ownAddresses) {
      last ??= (await store.firewalls()).find((record) => record.name === name);
      const record = {
        name,
        ...news,
        checkedAt: now,
        inSyncAt: news.state === "in-sync" ? now : (last?.inSyncAt ?? null),
        ownAddresses: ownAddresses ?? last?.ownAddresses ?? [],
      };
      await store.recordFirewall(record);
      last = record;
    },
  };
}
