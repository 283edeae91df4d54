import type { ConfiguredFirewall } from "../../src/operate/read-firewalls.ts";
import type { MetricsDeps } from "../../src/operate/metrics.ts";
import type { ProviderState } from "../../src/operate/read-providers.ts";
import type {
  AddresslessSearch,
  Alarm,
  Controls,
  FirewallBacklog,
  FirewallRecord,
  PrefixListRecord,
  SearchRecord,
  StoreCounts,
} from "../../src/ports.ts";

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
  unreadableLately: 0,
  lastUnreadableAt: null,
  lookUpsWaiting: 0,
  holdsWaiting: 0,
  alarmsOpen: 0,
  shadowDifferences: 0,
  recoveriesWaiting: 0,
  recoveriesFailed: 0,
  rowsRecovered: 0,
};

/** VirusTotal on its free plan, and well. */
export function sampleProvider(change: Partial<ProviderState> = {}): ProviderState {
  return {
    name: "virustotal",
    title: "VirusTotal",
    isOptional: false,
    state: "ok",
    gear: "free",
    windows: [
      { name: "minute", limit: 4, used: 1, left: 3, resetsAt: null },
      { name: "day", limit: 500, used: 100, left: 400, resetsAt: new Date("2026-11-21T00:00:00.000Z") },
    ],
    waiting: 0,
    oldestWaitingAt: null,
    runsOutAt: null,
    notBefore: null,
    trouble: null,
    totals: { asked: 100, known: 60, unknown: 38, failed: 2 },
    network: null,
    ...change,
  };
}

export interface OperateDesk extends MetricsDeps {
  /** What the store was asked about canaries. */
  readonly askedCanaries: string[];
}

/** What status and metrics need, over a store that holds this. */
export function operateDesk(
  holds: {
    readonly mode?: MetricsDeps["mode"];
    readonly firewalls?: readonly ConfiguredFirewall[];
    readonly records?: readonly FirewallRecord[];
    readonly backlogs?: readonly FirewallBacklog[];
    readonly withdrawn?: readonly string[];
    readonly counts?: Partial<StoreCounts>;
    readonly controls?: Partial<Controls>;
    readonly alarms?: readonly Alarm[];
    readonly lists?: readonly PrefixListRecord[];
    readonly providers?: readonly ProviderState[];
    readonly searches?: readonly SearchRecord[];
    readonly expectedSearches?: MetricsDeps["expectedSearches"];
    readonly addressless?: readonly AddresslessSearch[];
    readonly refusals?: Readonly<Record<string, number>>;
  } = {},
): OperateDesk {
  const askedCanaries: string[] = [];
  return {
    askedCanaries,
    version: "1.2.3",
    mode: holds.mode ?? "enforce",
    startedAt: ago(60_000),
    firewalls: holds.firewalls ?? [],
    expectedSearches: holds.expectedSearches ?? [],
    now: () => now,
    providers: { states: () => Promise.resolve(holds.providers ?? []) },
    refusals: () => holds.refusals ?? {},
    store: {
      controls: () => Promise.resolve({ paused: null, limited: null, ...holds.controls }),
      searchesWithoutAddresses: () => Promise.resolve(holds.addressless ?? []),
      openAlarms: () => Promise.resolve(holds.alarms ?? []),
      searches: () => Promise.resolve(holds.searches ?? []),
      prefixLists: () => Promise.resolve(holds.lists ?? []),
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
