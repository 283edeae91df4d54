import { z } from "zod";
import type { Confirmation, RecoverySummary, SearchRecord, WaitingRecovery } from "../ports.ts";
import { Json, Time } from "./columns.ts";
import { StoredSettings } from "./stored-settings.ts";

export const WaitingRecoveryRow = z
  .object({
    sid: z.string(),
    alert_id: z.string().nullable(),
    cause: z.enum(["rows", "check", "missed", "missed-rows"]),
    search_name: z.string().nullable(),
    app: z.string().nullable(),
    owner: z.string().nullable(),
    settings: StoredSettings,
    created_at: Time,
    attempts: z.number(),
    wants: z.number(),
  })
  .transform(
    (row): WaitingRecovery => ({
      sid: row.sid,
      alertId: row.alert_id,
      cause: row.cause,
      searchName: row.search_name,
      app: row.app,
      owner: row.owner,
      settings: row.settings,
      createdAt: row.created_at,
      attempts: row.attempts,
      wants: row.wants,
    }),
  );

/** Columns of an alert. */
export const Confirmed = z.object({ is_genuine: z.number().nullable(), doubt: z.string().nullable() });

export function confirmationOf({ is_genuine: genuine, doubt }: z.infer<typeof Confirmed>): Confirmation {
  return { isGenuine: genuine === null ? null : genuine === 1, doubt };
}

export const RecoverySummaryRow = z
  .object({
    sid: z.string(),
    outcome: z.enum(["done", "failed"]).nullable(),
    rows: z.number(),
    error: z.string().nullable(),
  })
  .transform((row): RecoverySummary & { readonly sid: string } => ({
    sid: row.sid,
    state: row.outcome ?? "waiting",
    rows: row.rows,
    error: row.error,
  }));

const Told = z.object({
  isScheduled: z.boolean(),
  hasWebhook: z.boolean(),
  nextRunAt: z.nullable(z.coerce.date()),
  lastRunAt: z.nullable(z.coerce.date()),
  periodSeconds: z.number().nullable(),
  toldAt: z.coerce.date(),
});

export const SearchRow = z
  .object({
    name: z.string(),
    alerts: z.number(),
    last_alert_at: Time.nullable(),
    told: z.nullable(Json.pipe(Told)),
  })
  .transform(
    (row): SearchRecord => ({
      name: row.name,
      alerts: row.alerts,
      lastAlertAt: row.last_alert_at,
      told: row.told,
    }),
  );
