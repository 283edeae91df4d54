import type { ConfiguredFirewall } from "../../src/operate/read-firewalls.ts";
import type { StatusDeps } from "../../src/operate/status.ts";
import type { FirewallBacklog, FirewallRecord, StoreCounts } from "../../src/ports.ts";

const now = new Date("2026-11-20T13:00:00.000Z");

/** Milliseconds before `now`. */
export function ago(ms: number): Date {
  return new Date(now.getTime() - ms);
}

export function configured(name: string, change: Partial<ConfiguredFirewall> = {}): ConfiguredFirewall {
  return {
    name,
    host: `${name}.example.net`,
    groups: [],
    isCanary: false,
    isEnabled: true,
    via: "root",
    ...change,
  };
}

/** On record, and well. */
export function seen(name: string, change: Partial<FirewallRecord> = {}): FirewallRecord {
  return {
    name,
    state: "in-sync",
    error: null,
    checkedAt: ago(1000),
    inSyncAt: ago(1000),
    unreachableSince: null,
    drifts: 0,
    lastDrift: null,
    capacity: null,
    ownAddresses: [],
    ...change,
  };
}

const quiet: StoreCounts = {
  alerts: 0,
  alertsWaiting: 0,
  alertsFailed: 0,
  sightingsWaiting: 0,
  sightingsFailed: 0,
  decisions: {},
  blocksStanding: 0,
  enforcementsPending: 0,
  notificationsWaiting: 0,
  notificationsFailed: 0,
  unreadableDeliveries: 0,
};

export interface OperateDesk extends StatusDeps {
  /** What the store was asked about canaries. */
  readonly askedCanaries: string[];
}

/** What status and metrics need, over a store that holds this. */
export function operateDesk(
  holds: {
    readonly mode?: StatusDeps["mode"];
    readonly firewalls?: readonly ConfiguredFirewall[];
    readonly records?: readonly FirewallRecord[];
    readonly backlogs?: readonly FirewallBacklog[];
    readonly withdrawn?: readonly string[];
    readonly counts?: Partial<StoreCounts>;
  } = {},
): OperateDesk {
  const askedCanaries: string[] = [];
  return {
    askedCanaries,
    version: "1.2.3",
    mode: holds.mode ?? "enforce",
    startedAt: ago(60_000),
    firewalls: holds.firewalls ?? [],
    now: () => now,
    store: {
      counts: () => Promise.resolve({ ...quiet, ...holds.counts }),
      firewalls: () => Promise.resolve(holds.records ?? []),
      backlogs: () => Promise.resolve(holds.backlogs ?? []),
      withdrawnBlocks: (firewall) => {
        askedCanaries.push(firewall);
        return Promise.resolve(new Set(holds.withdrawn));
      },
    },
  };
}
