import { z } from "zod";
import type { AlertSettings } from "../domain/alert-settings.ts";
import { severities } from "../domain/severity.ts";
import { Json, Mode, Texts } from "./columns.ts";
import type { Queries } from "./engine.ts";

/** A column with what the author of an alert asks for. */
export const StoredSettings = z.nullable(
  Json.pipe(
    z.object({
      fields: z.nullable(Texts),
      severity: z.enum(severities).nullable(),
      mode: Mode.nullable(),
      note: z.string().nullable(),
    }),
  ),
);

/** What the author of this alert asks for; null also when there is no such alert. */
export async function settingsOf(db: Queries, alertId: string): Promise<AlertSettings | null> {
  const row = await db.selectFrom("alerts").select("settings").where("id", "=", alertId).executeTakeFirst();
  return StoredSettings.parse(row?.settings ?? null);
}

export function settingsText(settings: AlertSettings | null): string | null {
  return settings === null ? null : JSON.stringify(settings satisfies AlertSettings);
}
