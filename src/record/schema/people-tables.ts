import type { ReceiptKind } from "../../domain/receipt.ts";
import type { Role } from "../../domain/role.ts";
import type { Leased } from "./leased.ts";

export interface NotificationsTable extends Leased {
  id: string;
  /** What it is about: a decision or an alarm, for people; an event, for programs. */
  subject_kind: "decision" | "alarm" | "event";
  subject_id: string;
  channel: string;
  state: "waiting" | "sent" | "failed";
  created_at: number;
  sent_at: number | null;
  attempts: number;
  error: string | null;
  /** JSON; what an event tells. Null for everything else, and for an event that was given up. */
  body: string | null;
}

export interface AllowEntriesTable {
  id: string;
  prefix: string;
  reason: string;
  owner: string;
  actor: string;
  created_at: number;
  expires_at: number | null;
  removed_at: number | null;
}

/** What people have switched, whether a limit was reached, and which receipt is the newest. */
export interface ControlsTable {
  name: "paused" | "limited" | "receipt-head";
  /** JSON */
  value: string;
}

export interface AlarmsTable {
  id: string;
  key: string;
  message: string;
  advice: string;
  raised_at: number;
  ended_at: number | null;
}

export interface TokensTable {
  id: string;
  name: string;
  role: Role;
  hash: string;
  created_at: number;
  created_by: string;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

export interface PoliciesTable {
  version: string;
  role: string;
  /** JSON */
  policy: string;
  first_used_at: number;
}

export interface ReceiptsTable {
  seq: number;
  at: number;
  kind: ReceiptKind;
  subject: string;
  actor: string;
  body: string;
  previous: string;
  hash: string;
}
