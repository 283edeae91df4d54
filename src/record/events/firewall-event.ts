import type { FirewallRecord } from "../../ports.ts";
import { toldText, toldTime, type ToldEvent } from "../../domain/told-event.ts";

type Told = Omit<FirewallRecord, "ownAddresses" | "lastDrift">;

/** How one firewall is. */
export function firewallEvent(record: Told, at: Date): ToldEvent {
  const { name, capacity } = record;
  return {
    id: `firewall:${name}:${at.getTime()}`,
    kind: "firewall",
    at,
    fields: {
      firewall: name,
      state: record.state,
      error: toldText(record.error),
      in_sync: record.state === "in-sync",
      in_sync_at: toldTime(record.inSyncAt),
      checked_at: toldTime(record.checkedAt),
      unreachable_since: toldTime(record.unreachableSince),
      drifts: record.drifts,
      entries_used: capacity?.used ?? null,
      entries_most: capacity?.most ?? null,
    },
  };
}

/** Whether somebody would want to know at once. @param before undefined: nothing was known of it */
export function isFirewallNews(before: Told | undefined, now: Told): boolean {
  return (
    before?.state !== now.state ||
    before.error !== now.error ||
    before.drifts !== now.drifts ||
    fullness(before) !== fullness(now)
  );
}

/** In tenths, so that not every new block is news. */
function fullness({ capacity }: Told): number {
  return capacity === null ? 0 : Math.floor((10 * capacity.used) / Math.max(1, capacity.most));
}
