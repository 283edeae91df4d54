import { z } from "zod";
import type { AlertSummary, PastDecision, SightingReport, UnreadableReport } from "../ports.ts";
import { Time } from "./columns.ts";
import { DecisionRow } from "./decision-rows.ts";
import { confirmationOf } from "./recovery-rows.ts";
import { SightingRow } from "./rows.ts";
import { StoredSettings } from "./stored-settings.ts";

/** An alert as far as its own row tells. */
export const AlertSummaryRow = z
  .object({
    id: z.string(),
    source: z.string(),
    sid: z.string().nullable(),
    search_name: z.string().nullable(),
    received_at: Time,
    row_count: z.number(),
    error: z.string().nullable(),
    is_genuine: z.number().nullable(),
    doubt: z.string().nullable(),
    due_at: Time.nullable(),
  })
  .transform(
    (
      row,
    ): Omit<AlertSummary, "sightings" | "waiting" | "decisions" | "recovery" | "noAddress"> & {
      isRead: boolean;
    } => ({
      id: row.id,
      source: row.source,
      sid: row.sid,
      searchName: row.search_name,
      receivedAt: row.received_at,
      rows: row.row_count,
      error: row.error,
      ...confirmationOf(row),
      isRead: row.due_at === null && row.error === null,
    }),
  );

/** A delivery that nobody could read. */
export const UnreadableRow = z
  .object({
    id: z.string(),
    received_at: Time,
    remote_address: z.string(),
    reason: z.string(),
    body: z.instanceof(Uint8Array),
  })
  .transform(
    (row): UnreadableReport => ({
      id: row.id,
      receivedAt: row.received_at,
      remoteAddress: row.remote_address,
      reason: row.reason,
      body: row.body,
    }),
  );

/** A sighting with the search of its alert, but for what was decided. */
export const SightingReportRow = z.intersection(
  SightingRow.transform((sighting) => ({ sighting })),
  z
    .object({
      alert_id: z.string(),
      search_name: z.string().nullable(),
      settings: StoredSettings,
      created_at: Time,
      error: z.string().nullable(),
      due_at: Time.nullable(),
    })
    .transform(
      (row): Omit<SightingReport, "sighting" | "decision"> => ({
        alertId: row.alert_id,
        searchName: row.search_name,
        settings: row.settings,
        seenAt: row.created_at,
        error: row.error,
        dueAt: row.due_at,
      }),
    ),
);

/** A decision with what it was made from. */
export const PastDecisionRow = z.intersection(
  z.intersection(
    DecisionRow.transform((decision) => ({ decision })),
    SightingRow.transform((sighting) => ({ sighting })),
  ),
  z.object({ search_name: z.string().nullable(), received_at: Time }).transform(
    (row): Pick<PastDecision, "searchName" | "seenAt"> => ({
      searchName: row.search_name,
      seenAt: row.received_at,
    }),
  ),
);
