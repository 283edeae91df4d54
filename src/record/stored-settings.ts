import { z } from "zod";
import type { AlertSettings } from "../domain/alert-settings.ts";
import { severities } from "../domain/severity.ts";
import { Json, Mode, Texts } from "./columns.ts";

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

export function settingsText(settings: AlertSettings | null): string | null {
  return settings === null ? null : JSON.stringify(settings satisfies AlertSettings);
}
