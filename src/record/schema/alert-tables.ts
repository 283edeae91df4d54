import type { Generated } from "kysely";
import type { Action, BlockMode, HoldCause, Mode } from "../../domain/decision.ts";
import type { Severity } from "../../domain/severity.ts";
import type { Leased } from "./leased.ts";

export interface AlertsTable extends Leased {
  id: string;
  source: string;
  sid: string | null;
  search_name: string | null;
  app: string | null;
  owner: string | null;
  results_link: string | null;
  /** JSON */
  rows: string;
  /** How many those are: lists tell it without reading them. */
  row_count: Generated<number>;
  /** JSON */
  extras: string | null;
  received_at: number;
  /** Why it can't be processed; null for all others. */
  error: string | null;
  /** What Splunk says of it: 1 or 0; null: it was not asked, or has not answered. */
  is_genuine: number | null;
  /** Why it is not genuine, or why that is not known. */
  doubt: string | null;
  /** JSON; null: its author asks for nothing */
  settings: string | null;
}

export interface SightingsTable extends Leased {
  id: string;
  alert_id: string;
  ip: string;
  count: number;
  /** JSON */
  fields: string;
  severity: Severity | null;
  /** The mode that its alert asks for: here, because that one may be behind megabytes of rows. */
  asked_mode: Mode | null;
  created_at: number;
  attempts: number;
  /** JSON: the look-ups that it has added its events to, and the findings that it was made due for; null when it never waited. */
  parked: string | null;
  /** Why it was postponed, or, when it waits no more, why it was given up; null once it is decided. */
  error: string | null;
}

export interface DecisionsTable {
  id: string;
  alert_id: string;
  ip: string;
  action: Action;
  /** JSON */
  reasons: string;
  hold_cause: HoldCause | null;
  rule: string | null;
  policy_version: string;
  mode: Mode;
  /** JSON */
  findings: string;
  /** JSON */
  inputs: string;
  /** JSON; null when no other policy differs */
  shadow: string | null;
  actor: string;
  decided_at: number;
  expires_at: number | null;
}

export interface HoldsTable {
  decision_id: string;
  ip: string;
  /** Of the block that it would be. */
  mode: BlockMode;
  created_at: number;
  expires_at: number;
  cause: HoldCause;
  /** Null also for one that has lapsed and was not needed again since. */
  ended_at: number | null;
  /** How a person, or another decision, ended it. */
  outcome: "approved" | "denied" | "released" | "superseded" | "lapsed" | null;
  actor: string | null;
  reason: string | null;
}

export interface UnreadableDeliveriesTable {
  id: string;
  received_at: number;
  remote_address: string;
  reason: string;
  body: Uint8Array;
}

export interface FindingsTable {
  ip: string;
  provider: string;
  /** JSON */
  finding: string;
  found_at: number;
  expires_at: number;
}

/** Addresses about which a provider is still to be asked. */
export interface LookUpsTable {
  provider: string;
  ip: string;
  /** As in `blocks`. */
  network: string;
  /** JSON */
  candidate: string;
  priority: number;
  since: number;
  /** Always set: a look-up that is done has no row. */
  due_at: number;
  lease_holder: string | null;
  lease_until: number | null;
}

export interface BudgetsTable {
  key: string;
  /** JSON */
  budget: string;
}

export interface PrefixListsTable {
  name: string;
  etag: string | null;
  version: string;
  /** One network a line, with its note behind a space. */
  networks: string;
  fetched_at: number;
  checked_at: number;
}
