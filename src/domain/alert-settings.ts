import type { Mode } from "./decision.ts";
import type { Severity } from "./severity.ts";

export const mostFields = 50;
/** Characters of the name of a field. */
export const longestField = 256;
/** Characters. */
export const longestNote = 2000;

/** What the author of an alert asks for in the form of our own alert action. In each of them null: nothing. */
export interface AlertSettings {
  /** Names of fields that hold addresses, instead of those in the receiver's settings. */
  readonly fields: readonly string[] | null;
  /** For rows that say nothing. */
  readonly severity: Severity | null;
  /** Counts where it is more cautious than the receiver's. */
  readonly mode: Mode | null;
  /** For people. Text from outside. */
  readonly note: string | null;
}
