import { z } from "zod";
import type { AlertSettings } from "../domain/alert-settings.ts";
import { severities } from "../domain/severity.ts";
import { Json, Mode, Texts } from "./columns.ts";
import { type Engine, isOneOf, type Queries } from "./engine.ts";

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

/** What the authors of these alerts have written for people; what can't be read is left out: whoever is told of it waits for the same transaction. */
export async function notesOf(
  engine: Engine,
  db: Queries,
  alertIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom("alerts")
    .select(["id", "settings"])
    .where(isOneOf(engine, "id", [...new Set(alertIds)]))
    .where("settings", "is not", null)
    .execute();
  return new Map(
    rows.flatMap(({ id, settings }) => {
      const note = StoredSettings.safeParse(settings).data?.note ?? null;
      return note === null ? [] : [[id, note] as const];
    }),
  );
}

export function settingsText(settings: AlertSettings | null): string | null {
  return settings === null ? null : JSON.stringify(settings satisfies AlertSettings);
}
