import type { Generated } from "kysely";
import type { EnforcementState } from "../../domain/block.ts";
import type { BlockMode } from "../../domain/decision.ts";

export interface BlocksTable {
  id: string;
  prefix: string;
  /** The /24 or /64 around the first address: finds neighbours, and what lies in a network, by an index. */
  network: string;
  mode: BlockMode;
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
export interface LiftsTable {
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

export interface EnforcementsTable {
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

export interface FirewallsTable {
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

export interface FirewallLeasesTable {
  firewall: string;
  lease_holder: string;
  lease_until: number;
}

/** New blocks of the policy in one second, in all (`key` is empty), by search, in one network, of one AS. */
export interface BlockRatesTable {
  mode: BlockMode;
  scope: "all" | "search" | "network" | "as";
  key: string;
  second: number;
  blocks: number;
}
