import type { ExtractConfig } from "../config/config.ts";
import type { Alert, Sighting } from "../domain/alert.ts";
import type { Severity } from "../domain/severity.ts";
import { extractFor } from "./extract-for.ts";
import { extractSightings } from "./extract-sightings.ts";

/** What the receiver's rule for a search says of it. */
interface SearchRule {
  readonly fields: readonly string[] | null;
  readonly severity: Severity | null;
}

/**
 * The addresses that an alert names, by the fields of the rule for its search; where that names none, by those that the alert asks for; else by
 * `config`. In the same order it counts who says how severe the alert is when a row does not: the rule's word is for whoever decides.
 */
export function extractAlert(
  { rows, settings }: Pick<Alert, "rows" | "settings">,
  config: ExtractConfig,
  rule: SearchRule,
): readonly Sighting[] {
  const sightings = extractSightings({ rows }, extractFor(config, rule.fields ?? settings?.fields ?? null));
  const severity = settings?.severity ?? null;
  return severity === null || rule.severity !== null
    ? sightings
    : sightings.map((sighting) => ({ ...sighting, severity: sighting.severity ?? severity }));
}
