/** The store, the fifth edge of the program. Types only; imported through `ports.ts`. */
import type { AlertRecords } from "./store-port/alerts.ts";
import type { BlockRecords } from "./store-port/blocks.ts";
import type { DecisionRecords } from "./store-port/decisions.ts";
import type { LookUpRecords } from "./store-port/look-ups.ts";
import type { PeopleRecords } from "./store-port/people.ts";
import type { RecoveryRecords } from "./store-port/recoveries.ts";

export type * from "./store-port/alerts.ts";
export type * from "./store-port/blocks.ts";
export type * from "./store-port/decisions.ts";
export type * from "./store-port/look-ups.ts";
export type * from "./store-port/paging.ts";
export type * from "./store-port/people.ts";
export type * from "./store-port/recoveries.ts";

export interface StoreCounts {
  readonly alerts: number;
  readonly alertsWaiting: number;
  readonly alertsFailed: number;
  readonly sightingsWaiting: number;
  readonly sightingsFailed: number;
  readonly decisions: Readonly<Record<string, number>>;
  readonly blocksStanding: number;
  readonly enforcementsPending: number;
  readonly notificationsWaiting: number;
  readonly notificationsFailed: number;
  readonly unreadableDeliveries: number;
  /** Of the last 24 h. */
  readonly unreadableLately: number;
  readonly lastUnreadableAt: Date | null;
  readonly lookUpsWaiting: number;
  readonly holdsWaiting: number;
  readonly alarmsOpen: number;
  /** Decisions in which the shadow policy differs. */
  readonly shadowDifferences: number;
  /** Runs of searches about which Splunk is still to be asked. */
  readonly recoveriesWaiting: number;
  readonly recoveriesFailed: number;
  readonly rowsRecovered: number;
}

/**
 * What was, is and waits. Each call is done as a whole or not at all: when it resolves, it is on disk. Calls at the same time may share a commit.
 * A row that can't be read is reported and left out of what is returned; an alert or sighting then waits no more, and counts as failed.
 * @throws {AppError} STORE_UNAVAILABLE (retryable) from every method when the database can't commit, e.g. on a full disk
 */
export interface Store
  extends AlertRecords,
    LookUpRecords,
    DecisionRecords,
    BlockRecords,
    PeopleRecords,
    RecoveryRecords {
  counts(now: Date): Promise<StoreCounts>;
  /** Ends every lease of this holder, so that what it had claimed can be taken at once. */
  releaseLeases(holder: string): Promise<void>;
  /**
   * Makes due what was written down while the clock was ahead, and frees what was claimed then: otherwise it would wait until that time comes.
   * To be called at start and every minute; mostly it does nothing.
   */
  mendClock(now: Date): Promise<void>;
  close(): Promise<void>;
}
