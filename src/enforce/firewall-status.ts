import type { Drift, FirewallRecord, Store } from "../ports.ts";

export interface FirewallNews extends Pick<FirewallRecord, "state" | "error"> {
  /** What somebody else must have changed; nothing when left out. */
  readonly drift?: readonly string[];
  /** As before when left out, because the firewall could not be read. */
  readonly ownAddresses?: FirewallRecord["ownAddresses"];
  readonly capacity?: FirewallRecord["capacity"];
}

/** What is on record of one firewall. */
export interface FirewallStatus {
  /** The last fault; null when all is well or nothing is known. */
  readonly fault: () => string | null;
  /** @returns true when what was found counts as drift */
  record(news: FirewallNews, now: Date): Promise<boolean>;
  /** Another process may have recorded something since. */
  readonly forget: () => void;
}

const mostFindings = 20;

/** Goes on from what the store holds. */
export function createFirewallStatus(
  name: string,
  store: Pick<Store, "firewalls" | "recordFirewall">,
): FirewallStatus {
  let last: FirewallRecord | undefined;
  return {
    fault: () => last?.error ?? null,
    async record(news, now) {
      last ??= (await store.firewalls()).find((record) => record.name === name) ?? unknown(name, now);
      const record = next(last, news, now);
      const counted = record.drifts > last.drifts;
      await store.recordFirewall(record);
      last = record;
      return counted;
    },
    forget() {
      last = undefined;
    },
  };
}

function unknown(name: string, now: Date): FirewallRecord {
  return {
    name,
    state: "out-of-sync",
    error: null,
    checkedAt: now,
    inSyncAt: null,
    unreachableSince: null,
    drifts: 0,
    lastDrift: null,
    capacity: null,
    ownAddresses: [],
  };
}

function next(last: FirewallRecord, news: FirewallNews, now: Date): FirewallRecord {
  const { state, error } = news;
  const drift = driftOf(news, last, now);
  return {
    name: last.name,
    state,
    error,
    checkedAt: now,
    inSyncAt: state === "in-sync" ? now : last.inSyncAt,
    unreachableSince: state === "unreachable" ? (last.unreachableSince ?? now) : null,
    drifts: last.drifts + (drift === null ? 0 : 1),
    lastDrift: drift ?? last.lastDrift,
    capacity: news.capacity === undefined ? last.capacity : news.capacity,
    ownAddresses: news.ownAddresses ?? last.ownAddresses,
  };
}

/** Before a firewall was in sync for the first time, nothing can have drifted. */
function driftOf({ drift = [] }: FirewallNews, { inSyncAt }: FirewallRecord, now: Date): Drift | null {
  return drift.length === 0 || inSyncAt === null
    ? null
    : { foundAt: now, lastGoodAt: inSyncAt, findings: drift.slice(0, mostFindings) };
}
