import type { Generated } from "kysely";
import type { EnforcementState } from "../domain/block.ts";
import type { Action, Mode } from "../domain/decision.ts";

/**
 * The tables, the same on both engines. Times are integer milliseconds since 1970.
 * A row waits exactly while its `due_at` (`queued_at` for enforcements) is not null: the partial indexes hold nothing else,
 * so finding what waits costs the same however many rows are done.
 */
export interface Schema {
  alerts: AlertsTable;
  sightings: SightingsTable;
  findings: FindingsTable;
  decisions: DecisionsTable;
  holds: HoldsTable;
  blocks: BlocksTable;
  lifts: LiftsTable;
  enforcements: EnforcementsTable;
  firewalls: FirewallsTable;
  firewall_leases: FirewallLeasesTable;
  notifications: NotificationsTable;
  unreadable_deliveries: UnreadableDeliveriesTable;
}

interface Leased {
  due_at: number | null;
  lease_holder: string | null;
  lease_until: number | null;
}

interface AlertsTable extends Leased {
  id: string;
  source: string;
  sid: string | null;
  search_name: string | null;
  app: string | null;
  owner: string | null;
  results_link: string | null;
  /** JSON */
  rows: string;
  received_at: number;
  /** Why it can't be processed; null for all others. */
  error: string | null;
}

interface SightingsTable extends Leased {
  id: string;
  alert_id: string;
  ip: string;
  count: number;
  /** JSON */
  fields: string;
  created_at: number;
  attempts: number;
  /** Why it was postponed, or, when it waits no more, why it was given up; null once it is decided. */
  error: string | null;
}

interface FindingsTable {
  ip: string;
  provider: string;
  /** JSON */
  finding: string;
  found_at: number;
  expires_at: number;
}

interface DecisionsTable {
  id: string;
  alert_id: string;
  ip: string;
  action: Action;
  /** JSON */
  reasons: string;
  rule: string | null;
  policy_version: string;
  mode: Mode;
  /** JSON */
  findings: string;
  actor: string;
  decided_at: number;
  expires_at: number | null;
}

interface HoldsTable {
  decision_id: string;
  ip: string;
  created_at: number;
  expires_at: number;
  /** Null also for one that has lapsed and was not needed again since. */
  ended_at: number | null;
}

interface BlocksTable {
  id: string;
  prefix: string;
  /** The /24 or /64 around the first address: finds neighbours, and what lies in a network, by an index. */
  network: string;
  mode: Mode;
  /** JSON; null: all */
  groups: string | null;
  decision_id: string;
  created_at: number;
  expires_at: number;
  /** Null also for one that has run out and that nobody has marked yet. */
  ended_at: number | null;
  lifted_by: string | null;
  lift_reason: string | null;
  /** What the person was told. What alerts may not block is in `lifts`: it may be less than this network. */
  grace_until: number | null;
}

/** Networks that a person let out. */
interface LiftsTable {
  id: string;
  /** What the person named: a part of the lifted block, or more. */
  prefix: string;
  /** As in `blocks`. */
  network: string;
  actor: string;
  reason: string;
  lifted_at: number;
  /** Until then alerts may not block anything that overlaps it. */
  grace_until: number;
}

interface EnforcementsTable {
  block_id: string;
  firewall: string;
  state: EnforcementState;
  /** When it was first asked for, or again after it was withdrawn. */
  requested_at: number;
  applied_at: number | null;
  verified_at: number | null;
  ended_at: number | null;
  packets: Generated<number>;
  bytes: Generated<number>;
  /** What the kernel's entry had counted when it was last read. */
  packets_seen: Generated<number>;
  bytes_seen: Generated<number>;
  error: string | null;
  /** Since when it waits for the firewall, or since when it is withdrawn. */
  queued_at: number | null;
}

interface FirewallsTable {
  name: string;
  state: "in-sync" | "out-of-sync" | "unreachable";
  error: string | null;
  checked_at: number;
  in_sync_at: number | null;
  unreachable_since: number | null;
  drifts: number;
  /** JSON */
  last_drift: string | null;
  /** JSON */
  capacity: string | null;
  /** JSON */
  own_addresses: string;
}

interface FirewallLeasesTable {
  firewall: string;
  lease_holder: string;
  lease_until: number;
}

interface NotificationsTable extends Leased {
  id: string;
  decision_id: string;
  channel: string;
  state: "waiting" | "sent" | "failed";
  created_at: number;
  sent_at: number | null;
  attempts: number;
  error: string | null;
}

interface UnreadableDeliveriesTable {
  id: string;
  received_at: number;
  remote_address: string;
  reason: string;
  body: Uint8Array;
}
