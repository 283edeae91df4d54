import type { RecoveryCause } from "../../ports.ts";
import type { Leased } from "./leased.ts";

export interface RecoveriesTable extends Leased {
  sid: string;
  alert_id: string | null;
  cause: RecoveryCause;
  search_name: string | null;
  app: string | null;
  owner: string | null;
  /** JSON: what the search says in the form of our own alert action. */
  settings: string | null;
  created_at: number;
  attempts: number;
  /** How often it was wanted. */
  wants: number;
  /** How many were recovered. */
  rows: number;
  /** Null while it waits. */
  outcome: "done" | "failed" | null;
  error: string | null;
  ended_at: number | null;
}

/** Until when something has been looked through, and who does it now. */
export interface WatermarksTable {
  name: string;
  at: number | null;
  lease_holder: string | null;
  lease_until: number | null;
}

export interface SearchesTable {
  name: string;
  alerts: number;
  last_alert_at: number | null;
  /** JSON; null: Splunk has told nothing. */
  told: string | null;
}
