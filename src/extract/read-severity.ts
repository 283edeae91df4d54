import { type Severity, worse } from "../domain/severity.ts";

const words: ReadonlyMap<string, Severity> = new Map([
  ["informational", "low"],
  ["info", "low"],
  ["low", "low"],
  ["medium", "medium"],
  ["moderate", "medium"],
  ["high", "high"],
  ["critical", "critical"],
  ["fatal", "critical"],
]);

const longestText = 300;

/**
 * The worst of the words for a severity in a text, in any case; null when there is none. Numbers say
 * nothing: in some products 1 is the worst, in others 10.
 */
export function readSeverity(text: string): Severity | null {
  if (text.length > longestText) {
    return null;
  }
  let worst: Severity | null = null;
  for (const word of text.toLowerCase().split(/[\s,;|]+/)) {
    const severity = words.get(word);
    if (severity !== undefined) {
      worst = worst === null ? severity : worse(worst, severity);
    }
  }
  return worst;
}
