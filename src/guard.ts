import { messageOf } from "./domain/errors.ts";
import type { IpAddress, IpPrefix } from "./domain/ip-address.ts";
import type { Config } from "./config/config.ts";
import { createAllowList } from "./decide/allow-list.ts";
import { createCdnRanges } from "./decide/cdn-ranges.ts";
import { createCrawlerCheck } from "./decide/crawlers.ts";
import { createOwnAddresses, type OwnAddressesDeps } from "./decide/own-addresses.ts";
import { createProtection, type Protection } from "./decide/protection.ts";
import type { Log, Store } from "./ports.ts";

/** What this machine and its name servers tell. */
export interface Surroundings
  extends Pick<OwnAddressesDeps, "interfaces" | "resolvers" | "gateways" | "hosts" | "networks" | "lookUp"> {
  /** Names of an address. */
  readonly reverse: (ip: string) => Promise<readonly string[]>;
}

export interface GuardDeps {
  readonly config: Pick<Config, "allowlist" | "allowDocumentationAddresses" | "protection">;
  readonly store: Pick<Store, "firewalls" | "allowEntries" | "prefixLists" | "liftProtected">;
  readonly surroundings: Surroundings;
  readonly now: () => Date;
  readonly log: Log;
}

/** Everything that must never be blocked, kept up to date. */
export interface Guard {
  readonly protectedReason: Protection;
  /** Why an address that would be blocked is a crawler that must not be, or null. Asks name servers; never rejects. */
  readonly confirmCrawler: (ip: IpAddress, signal: AbortSignal) => Promise<string | null>;
  /** For the script on a firewall host, which checks it once more. */
  readonly neverBlock: () => readonly IpPrefix[];
  /** Reads everything again, and lifts what is protected by now. Never rejects. @returns false when a host could not be resolved */
  refresh(): Promise<boolean>;
  /** Reads again what the store tells. Never rejects. */
  refreshFromStore(): Promise<void>;
}

/** Nobody is protected before the first `refresh`, but for what the settings name. */
export function createGuard({ config, store, surroundings, now, log }: GuardDeps): Guard {
  const ownAddresses = createOwnAddresses({ ...surroundings, store, log });
  const allowList = createAllowList({ fixed: config.allowlist, store, now, log });
  const cdns = createCdnRanges({
    names: config.protection.cdns,
    usesDownloads: config.protection.refreshCdns,
    store,
    log,
  });
  const sweep = createSweep({ store, now, log }, [ownAddresses, allowList, cdns]);
  const refreshFromStore = async (): Promise<void> => {
    await Promise.all([ownAddresses.refreshFirewalls(), allowList.refresh()]);
    await sweep();
  };

  return {
    protectedReason: createProtection({
      allowlist: () => allowList.list(),
      cdns: () => cdns.list(),
      own: () => ownAddresses.list(),
      allowDocumentationAddresses: config.allowDocumentationAddresses,
      now,
    }),
    confirmCrawler: createCrawlerCheck({
      names: config.protection.crawlers,
      reverse: surroundings.reverse,
      resolve: surroundings.lookUp,
      now,
      log,
    }),
    neverBlock: () => [
      ...allowList.list().map(({ prefix }) => prefix),
      ...ownAddresses.list().map(({ prefix }) => prefix),
      ...cdns.list().map(({ prefix }) => prefix),
    ],
    async refresh() {
      const [isComplete] = await Promise.all([ownAddresses.refresh(), allowList.refresh(), cdns.refresh()]);
      await sweep(true);
      return isComplete;
    },
    refreshFromStore,
  };
}

interface Listed {
  readonly list: () => readonly { readonly prefix: IpPrefix; readonly why?: string }[];
}

/**
 * Lifts blocks on what is protected by now: they were made before anybody knew. Does nothing while the lists are the same, unless it is to
 * be thorough: another process may have decided by older ones.
 */
function createSweep(
  { store, now, log }: Pick<GuardDeps, "store" | "now" | "log">,
  parts: readonly Listed[],
): (isThorough?: boolean) => Promise<void> {
  let swept: readonly unknown[] = [];
  return async (isThorough = false) => {
    const lists = parts.map((part) => part.list());
    if (!isThorough && lists.every((list, n) => list === swept[n])) {
      return;
    }
    const networks = lists.flat().map(({ prefix, why = "on the allow-list" }) => ({ prefix, why }));
    try {
      const lifted = await store.liftProtected(networks, now());
      for (const { prefix, id } of lifted) {
        log.warn({ prefix, blockId: id }, "block lifted, because what it drops is protected");
      }
      swept = lists;
    } catch (error) {
      log.warn({ error: messageOf(error) }, "blocks on protected networks can't be lifted now");
    }
  };
}
