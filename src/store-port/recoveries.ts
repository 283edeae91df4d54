/** What Splunk is asked about alerts, and what it told of searches. Types only; imported through `ports.ts`. */
import type { AlertSettings } from "../domain/alert-settings.ts";
import type { Alert } from "../domain/alert.ts";
import type { Mode } from "../domain/decision.ts";
import type { Claim } from "./paging.ts";

/**
 * Why Splunk is asked about one run of a search. `rows`: its alert came with the first row only; `check`: its alerts have all their rows, but
 * Splunk is to confirm them; `missed`: its alert never came; `missed-rows`: of its alerts, each with one row or with a part of them, some never came.
 */
export type RecoveryCause = "rows" | "check" | "missed" | "missed-rows";

export interface RecoveryWanted {
  /** One recovery for each. */
  readonly sid: string;
  /** The alert that came; null: none did. */
  readonly alertId: string | null;
  readonly cause: RecoveryCause;
  readonly searchName: string | null;
  readonly app: string | null;
  readonly owner: string | null;
  /** What its search says in the form of our own alert action. */
  readonly settings: AlertSettings | null;
  /** Do it again when it has been done: this alert is to be confirmed too, or more rows were missed. */
  readonly isRepeated: boolean;
  readonly dueAt: Date;
}

export interface WaitingRecovery extends Omit<RecoveryWanted, "isRepeated" | "dueAt"> {
  /** When it was first wanted. */
  readonly createdAt: Date;
  readonly attempts: number;
  /** How often it was wanted by now: one that is wanted again while it is done is done again. */
  readonly wants: number;
}

/** Whether an alert is what Splunk sent; null: nobody knows. */
export interface Confirmation {
  readonly isGenuine: boolean | null;
  /** Why it is not, or why that is not known. */
  readonly doubt: string | null;
}

export interface CheckedAlert extends Confirmation {
  readonly alertId: string;
}

export interface RecoveryEnd extends Pick<WaitingRecovery, "sid" | "wants"> {
  readonly outcome: "done" | "failed";
  /** Rows that were recovered. */
  readonly rows: number;
  readonly error: string | null;
  readonly checked: readonly CheckedAlert[];
}

/** How far the recovery of an alert's rows is. */
export interface RecoverySummary {
  readonly state: "waiting" | "done" | "failed";
  readonly rows: number;
  /** Why it waits, or failed. */
  readonly error: string | null;
}

/** What follows from an alert beside its sightings. */
export interface ExtractedAlert {
  /** The search that has sent it; null: not counted. */
  readonly search: { readonly name: string; readonly alertAt: Date } | null;
  readonly recovery: RecoveryWanted | null;
  /** Why it can't be confirmed, when that shows without asking; null: it does not. */
  readonly doubt: string | null;
  /** The mode that it asks for. */
  readonly askedMode: Mode | null;
}

/** What Splunk tells of a saved search. */
export interface SearchTold {
  readonly isScheduled: boolean;
  /** Its webhook leads to us, or our own alert action is on. */
  readonly hasWebhook: boolean;
  readonly nextRunAt: Date | null;
  /** The newest run that it has told of. */
  readonly lastRunAt: Date | null;
  /** Between two runs, as far as it shows. */
  readonly periodSeconds: number | null;
  readonly toldAt: Date;
}

/** A saved search, by what came from it and what Splunk tells. */
export interface SearchRecord {
  readonly name: string;
  readonly alerts: number;
  readonly lastAlertAt: Date | null;
  /** Null: Splunk was not asked, or does not tell. */
  readonly told: SearchTold | null;
}

/** Part of the store. */
export interface RecoveryRecords {
  claimRecoveries(claim: Claim): Promise<readonly WaitingRecovery[]>;
  /** @returns false when it is not this holder's any more */
  extendRecovery(sid: string, holder: string, until: Date): Promise<boolean>;
  /** Gives a claimed one back, to be tried at `dueAt`. Counts an attempt. */
  postponeRecovery(sid: string, dueAt: Date, reason: string): Promise<void>;
  /** Ends it, unless it was wanted again since it was claimed; keeps what is known of its alerts, and has what waits for that decided at once. */
  endRecovery(end: RecoveryEnd, now: Date): Promise<void>;
  /** The alerts of this sid that came from one of these sources, at most 1,000, and as many as have 16 MiB of rows together. */
  alertsOfSid(sid: string, sources: readonly string[]): Promise<readonly Alert[]>;
  /** Those of which an alert has come, or that are being recovered. */
  knownSids(sids: readonly string[]): Promise<ReadonlySet<string>>;
  confirmationOf(alertId: string): Promise<Confirmation>;
  /** When the newest alert came; null: none ever did. */
  latestAlertAt(): Promise<Date | null>;
  /** Until when something has been looked through. @returns null while another holder's lease on it runs; `at` is null at first */
  leaseWatermark(
    name: string,
    holder: string,
    now: Date,
    until: Date,
  ): Promise<{ readonly at: Date | null } | null>;
  /** Writes down what was missed, and then moves the watermark and ends its lease. @returns how many are new */
  recordMissed(
    missed: readonly RecoveryWanted[],
    watermark: { readonly name: string; readonly at: Date; readonly holder: string },
    now: Date,
  ): Promise<number>;
  /** The 1,000 that sent something most lately, and all of which Splunk tells. */
  searches(): Promise<readonly SearchRecord[]>;
  tellSearches(searches: readonly { readonly name: string; readonly told: SearchTold }[]): Promise<void>;
}
