import type { AlertSettings } from "./alert-settings.ts";
import type { IpAddress } from "./ip-address.ts";
import type { Severity } from "./severity.ts";

/**
 * One row of a search result: every field with its values, in Splunk's order.
 * A list of pairs, not an object: field names are free text (`values(src_ip)`, `tag::host`, `__proto__`).
 */
export type Row = readonly (readonly [field: string, values: readonly string[]])[];

/** One delivery of one saved search. */
export interface Alert {
  /** `al_` and 32 hex digits, derived from the delivery: the same delivery has the same id on every replica. Sorts by the search's time where the sid tells it. */
  readonly id: string;
  /** Which source brought it, e.g. `splunk-webhook`. */
  readonly source: string;
  readonly sid: string | null;
  /** Null for a search that was never saved. */
  readonly searchName: string | null;
  readonly app: string | null;
  readonly owner: string | null;
  /** Text from the sender: show it only when it is http(s), never fetch it. */
  readonly resultsLink: string | null;
  readonly rows: readonly Row[];
  /** Keys of the delivery that this version does not know, as the JSON text of an object; null: there were none. */
  readonly extras: string | null;
  /** What its author asks for; null: nothing, or nobody knows whether it was him. */
  readonly settings: AlertSettings | null;
  readonly receivedAt: Date;
}

/** One address that an alert names. */
export interface Sighting {
  readonly ip: IpAddress;
  /** Number of events, at least 1. */
  readonly count: number;
  /** The fields in which it stood. */
  readonly fields: readonly string[];
  /**
   * The worst that the rows that name it say; where none says anything, what its alert's settings say, unless a rule of the receiver's for
   * its search goes before them; else null.
   */
  readonly severity: Severity | null;
}
