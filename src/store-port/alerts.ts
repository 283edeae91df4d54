/** Alerts and the addresses that they name. Types only; imported through `ports.ts`. */
import type { Alert, Sighting } from "../domain/alert.ts";
import type { AlertSettings } from "../domain/alert-settings.ts";
import type { Decision, Mode } from "../domain/decision.ts";
import type { Claim, Page, PageWanted } from "./paging.ts";
import type { Confirmation, ExtractedAlert, RecoverySummary } from "./recoveries.ts";

/** An authenticated delivery that could not be read. */
export interface UnreadableDelivery {
  readonly receivedAt: Date;
  readonly remoteAddress: string;
  readonly reason: string;
  /** The first 64 KiB. */
  readonly body: Uint8Array;
}

/** A delivery that could not be read, as it was kept. */
export interface UnreadableReport extends UnreadableDelivery {
  readonly id: string;
}

/** A search of whose newest alerts none named an address. */
export interface AddresslessSearch {
  /** Null: searches that were never saved. */
  readonly searchName: string | null;
  /** How many alerts of it were looked at. */
  readonly alerts: number;
  /** Fields of the newest; null when that is too large to be looked at. Text from outside. */
  readonly fields: readonly string[] | null;
}

/** A sighting that waits for its decision. */
export interface WaitingSighting extends Sighting {
  readonly id: string;
  readonly alertId: string;
  /** The name of the search whose alert it is of. */
  readonly searchName: string | null;
  /** The mode that its alert asks for. */
  readonly askedMode: Mode | null;
  readonly attempts: number;
  /** When it was first recorded. */
  readonly createdAt: Date;
}

/** An alert in a list. */
export interface AlertSummary extends Confirmation {
  readonly id: string;
  readonly source: string;
  readonly sid: string | null;
  readonly searchName: string | null;
  readonly receivedAt: Date;
  readonly rows: number;
  readonly sightings: number;
  /** Sightings not decided yet. */
  readonly waiting: number;
  readonly decisions: Readonly<Record<string, number>>;
  /** Why it can't be processed. */
  readonly error: string | null;
  /** Of what else its search had found; null: nothing is fetched. */
  readonly recovery: RecoverySummary | null;
  /** Set when it was read and names no address: with the fields that it has, or null when it is too large for a list. Text from outside. */
  readonly noAddress: { readonly fields: readonly string[] | null } | null;
}

/** A sighting with what became of it. */
export interface SightingReport {
  readonly sighting: Sighting;
  readonly alertId: string;
  readonly searchName: string | null;
  /** What its alert asks for. */
  readonly settings: AlertSettings | null;
  readonly seenAt: Date;
  /** Null while it waits. */
  readonly decision: Decision | null;
  /** Why it waits, or failed; null otherwise. */
  readonly error: string | null;
  /** When it is looked at again; null when it does not wait. */
  readonly dueAt: Date | null;
}

/** What taking up an alert again led to. */
export interface Redriven {
  /** True: its addresses had not been taken from it, or not in vain any more. */
  readonly wasFailed: boolean;
  /** Sightings that had been given up and are decided after all. */
  readonly failed: number;
  /** Sightings that waited and are looked at at once. */
  readonly waiting: number;
  /** Sightings that stay as they were decided. */
  readonly decided: number;
}

/** Part of the store. */
export interface AlertRecords {
  /** Inserts all in one transaction. Per alert: true when it is new, false when its id is known. */
  insertAlerts(alerts: readonly Alert[]): Promise<readonly boolean[]>;
  keepUnreadable(delivery: UnreadableDelivery): Promise<void>;
  /** Those that are kept, newest first. Throws RangeError as `listAlerts` does. */
  listUnreadable(wanted: PageWanted): Promise<Page<UnreadableReport>>;
  unreadable(id: string): Promise<UnreadableReport | undefined>;
  /** Searches of which none of the alerts among the newest 2,000 that were read since then names an address; at most 20. */
  searchesWithoutAddresses(since: Date): Promise<readonly AddresslessSearch[]>;
  /** As many of the oldest as hold about 4 MiB together, at least one: fewer than `limit` does not mean that no more wait. */
  claimAlerts(claim: Claim): Promise<readonly Alert[]>;
  /**
   * Records the sightings as waiting, and the alert as extracted with what follows from it. Repeating it changes nothing. More than 2,000 go in several
   * transactions, the alert in the last: after a failure the first ones may be there already.
   */
  recordSightings(
    alertId: string,
    sightings: readonly Sighting[],
    now: Date,
    extracted?: ExtractedAlert,
  ): Promise<void>;
  /** The alert can't be processed: kept, with the reason. */
  failAlert(alertId: string, reason: string): Promise<void>;
  /**
   * Makes the alert due again, and every sighting of it that is not decided. What was decided stays: there is one decision per alert
   * and address. @returns undefined when there is no such alert
   */
  redriveAlert(id: string, now: Date): Promise<Redriven | undefined>;
  claimSightings(claim: Claim): Promise<readonly WaitingSighting[]>;
  /** Gives a claimed sighting back, to be tried at `dueAt`. Counts an attempt. */
  postponeSighting(id: string, dueAt: Date, reason: string): Promise<void>;
  /** The sighting can't be decided: kept, with the reason. */
  failSighting(id: string, reason: string): Promise<void>;
  /** What the author of the alert asks for; null also when there is no such alert. */
  settingsOfAlert(id: string): Promise<AlertSettings | null>;
  listAlerts(wanted: PageWanted): Promise<Page<AlertSummary>>;
  /** The alert with its first 1,000 sightings. */
  alert(
    id: string,
  ): Promise<
    | { readonly alert: Alert; readonly summary: AlertSummary; readonly sightings: readonly SightingReport[] }
    | undefined
  >;
}
