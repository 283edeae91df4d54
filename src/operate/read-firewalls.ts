import type { FirewallConfig } from "../config/config.ts";
import type { FirewallBacklog, FirewallRecord, Store } from "../ports.ts";

/** What is shown of the settings of one firewall: nothing about the login. */
export type ConfiguredFirewall = Pick<
  FirewallConfig,
  "name" | "host" | "groups" | "isCanary" | "isEnabled" | "via"
>;

/** One firewall, as it is configured and as it was last seen. JSON form of `GET /api/v1/firewalls/{name}`. */
export interface FirewallReport extends Omit<FirewallRecord, "state" | "ownAddresses" | "checkedAt"> {
  readonly host: string;
  readonly groups: readonly string[];
  readonly canary: boolean;
  readonly enabled: boolean;
  readonly via: FirewallConfig["via"];
  readonly state: FirewallRecord["state"] | "not-reached-yet" | "disabled";
  /** Blocks that have to be put on or taken off. */
  readonly pending: number;
  /** Age of the oldest of them; 0 when none waits. */
  readonly lagSeconds: number;
  /** Null: never. */
  readonly checkedAt: Date | null;
}

export interface FirewallsDeps {
  readonly store: Pick<Store, "firewalls" | "backlogs">;
  /** Those that are configured now: the store also remembers those that were. */
  readonly firewalls: readonly ConfiguredFirewall[];
  /** What was seen before this process started tells nothing of now. */
  readonly startedAt: Date;
  readonly now: () => Date;
}

/** Every configured firewall, in their order. @throws {AppError} STORE_UNAVAILABLE */
export async function readFirewalls({
  store,
  firewalls,
  startedAt,
  now,
}: FirewallsDeps): Promise<readonly FirewallReport[]> {
  const time = now();
  const [records, backlogs] = await Promise.all([store.firewalls(), store.backlogs(time)]);
  const recordOf = new Map(records.map((record) => [record.name, record]));
  const backlogOf = new Map(backlogs.map((backlog) => [backlog.firewall, backlog]));
  return firewalls.map((firewall) => ({
    ...report(firewall, recordOf.get(firewall.name), backlogOf.get(firewall.name), time),
    state: stateOf(firewall, recordOf.get(firewall.name), startedAt),
  }));
}

function stateOf(
  { isEnabled }: ConfiguredFirewall,
  record: FirewallRecord | undefined,
  startedAt: Date,
): FirewallReport["state"] {
  if (!isEnabled) {
    return "disabled";
  }
  return record !== undefined && record.checkedAt >= startedAt ? record.state : "not-reached-yet";
}

function report(
  { name, host, groups, isCanary, isEnabled, via }: ConfiguredFirewall,
  record: FirewallRecord | undefined,
  backlog: FirewallBacklog | undefined,
  now: Date,
): Omit<FirewallReport, "state"> {
  const lagMs = backlog === undefined ? 0 : now.getTime() - backlog.oldestAt.getTime();
  return {
    name,
    host,
    groups,
    canary: isCanary,
    enabled: isEnabled,
    via,
    pending: backlog?.pending ?? 0,
    lagSeconds: Math.max(0, lagMs) / 1000,
    ...(record === undefined ? unseen : seen(record)),
  };
}

const unseen = {
  unreachableSince: null,
  inSyncAt: null,
  checkedAt: null,
  error: null,
  drifts: 0,
  lastDrift: null,
  capacity: null,
};

function seen({
  unreachableSince,
  inSyncAt,
  checkedAt,
  error,
  drifts,
  lastDrift,
  capacity,
}: FirewallRecord): Omit<FirewallRecord, "name" | "state" | "ownAddresses"> {
  return { unreachableSince, inSyncAt, checkedAt, error, drifts, lastDrift, capacity };
}
