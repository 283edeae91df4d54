import { setImmediate } from "node:timers/promises";
import type { Alert } from "../domain/alert.ts";
import { fromAction, fromRecovery, fromWebhook } from "../domain/alert-source.ts";
import { cleanText } from "../domain/clean-text.ts";
import { AppError } from "../domain/errors.ts";
import type {
  AcceptAlert,
  CheckedAlert,
  RecoveryEnd,
  SearchJob,
  SplunkApi,
  Store,
  WaitingRecovery,
} from "../ports.ts";
import { type Chunk, createChunks, recoveredAlert } from "./recovered-alerts.ts";
import { createRowFinder, type RowFinder } from "./row-finder.ts";

export interface RecoverOneDeps {
  readonly splunk: Pick<SplunkApi, "job" | "results">;
  readonly store: Pick<Store, "alertsOfSid" | "extendRecovery">;
  /** Concurrent calls share commits. */
  readonly accept: AcceptAlert;
  /** Rows that are fetched block without a question: none are taken of a run whose search Splunk does not tell, when the alert names one. */
  readonly requireGenuine: boolean;
  readonly holder: string;
  readonly leaseMs: number;
  readonly now: () => Date;
}

/**
 * Asks Splunk about one run of a search: whether its alerts are genuine, and for the rows that have not come.
 * @returns how it ended; undefined when it is somebody else's by now
 * @throws {AppError} as `SplunkApi.job` does, STORE_UNAVAILABLE
 */
export async function recoverOne(
  deps: RecoverOneDeps,
  recovery: WaitingRecovery,
  signal: AbortSignal,
): Promise<RecoveryEnd | undefined> {
  const { sid, wants, cause } = recovery;
  const job = await deps.splunk.job(sid, signal);
  refuseUnfinished(job);
  const delivered = await deps.store.alertsOfSid(sid, [fromWebhook]);
  const ours = delivered.filter(
    (alert) => !isOfAnother(job, alert) && (!deps.requireGenuine || alert.searchName === job.searchName),
  );
  const strange = cause.startsWith("missed") ? isOfAnother(job, recovery) : ours.length === 0;
  if (strange) {
    const error = `Splunk knows this sid as a run of ${searchWords(job)}`;
    return {
      sid,
      wants,
      outcome: "failed",
      rows: 0,
      error,
      checked: delivered.map((one) => doubted(one, error)),
    };
  }
  const recovered = cause === "missed-rows" ? await deps.store.alertsOfSid(sid, [fromRecovery]) : [];
  const signed = cause === "missed-rows" ? await deps.store.alertsOfSid(sid, [fromAction]) : [];
  const finder = createRowFinder(smallFirst([...ours, ...signed, ...recovered]).flatMap(({ rows }) => rows));
  const fetched = await fetchRows(
    deps,
    {
      recovery: cause.startsWith("missed") ? recovery : { ...recovery, ...namesOf(ours) },
      job,
      finder,
      resultsLink: ours[0]?.resultsLink ?? null,
    },
    signal,
  );
  if (fetched === undefined) {
    return undefined;
  }
  const rows = fetched + recovered.reduce((sum, alert) => sum + alert.rows.length, 0);
  const checked = delivered.map((alert) => check(alert, job, finder));
  return { sid, wants, outcome: "done", rows, error: null, checked };
}

/** The stock webhook sends one row: what is made up to be too much comes last. */
function smallFirst(alerts: readonly Alert[]): readonly Alert[] {
  return alerts.toSorted((a, b) => a.rows.length - b.rows.length);
}

/** Whose rows they are, where Splunk does not tell: what the first alert said may be forged. */
function namesOf([first]: readonly Alert[]): Partial<Pick<Alert, "searchName" | "app" | "owner">> {
  return first === undefined ? {} : { searchName: first.searchName, app: first.app, owner: first.owner };
}

/** @throws {AppError} SPLUNK_NOT_READY, SPLUNK_REJECTED */
function refuseUnfinished({ sid, state }: SearchJob): void {
  // A real-time search runs for ever.
  if (state === "running" && !sid.startsWith("rt_")) {
    throw new AppError("SPLUNK_NOT_READY", "the search still runs", { retryable: true });
  }
  if (state === "failed") {
    throw new AppError("SPLUNK_REJECTED", "the search has failed in Splunk, so that it has no rows", {
      retryable: false,
    });
  }
}

interface Fetching {
  readonly recovery: WaitingRecovery;
  readonly job: SearchJob;
  readonly finder: RowFinder;
  readonly resultsLink: string | null;
}

/** Looked for among the delivered ones at a time; some milliseconds of a processor, whatever was delivered. */
const rowsPerTurn = 100;

/** @returns how many rows had not been delivered; undefined when the recovery is somebody else's by now */
async function fetchRows(
  deps: RecoverOneDeps,
  { recovery, job, finder, resultsLink }: Fetching,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { sid, cause } = recovery;
  const chunks = createChunks();
  let fetched = 0;
  const keep = async (chunk: Chunk): Promise<void> => {
    if (cause !== "check" && chunk.rows.length > 0) {
      const about = { resultsLink, receivedAt: deps.now() };
      await deps.accept(recoveredAlert(recovery, job, chunk, about));
      fetched += chunk.rows.length;
    }
  };
  const extend = (): Promise<boolean> =>
    deps.store.extendRecovery(sid, deps.holder, new Date(deps.now().getTime() + deps.leaseMs));
  for await (const page of deps.splunk.results(sid, signal)) {
    const full: Chunk[] = [];
    for (let start = 0; start < page.length; start += rowsPerTurn) {
      const some = page.slice(start, start + rowsPerTurn);
      full.push(...some.flatMap((row) => chunks.add(row, finder.take(row)) ?? []));
      // Deliveries that come meanwhile are answered.
      await setImmediate();
    }
    for (const chunk of full) {
      await keep(chunk);
    }
    if (full.length > 0 && !(await extend())) {
      return undefined;
    }
  }
  await keep(chunks.rest());
  return fetched;
}

/** Splunk says so; a search of which it does not tell the name may be any. */
function isOfAnother(job: SearchJob, { searchName, app }: Pick<Alert, "searchName" | "app">): boolean {
  return (
    (job.searchName !== null && job.searchName !== searchName) ||
    (job.app !== null && app !== null && job.app !== app)
  );
}

function check(alert: Alert, job: SearchJob, finder: RowFinder): CheckedAlert {
  if (isOfAnother(job, alert) || job.searchName !== alert.searchName) {
    return doubted(alert, `Splunk knows its sid as a run of ${searchWords(job)}`);
  }
  return alert.rows.every((row) => finder.hasSeen(row))
    ? { alertId: alert.id, isGenuine: true, doubt: null }
    : doubted(alert, "what it says is not among the rows that Splunk has for its sid");
}

function doubted({ id }: Alert, doubt: string): CheckedAlert {
  return { alertId: id, isGenuine: false, doubt };
}

/** Characters of a name from outside in a sentence. */
const mostNamed = 100;

function searchWords({ searchName, app }: SearchJob): string {
  const inApp = app === null ? "" : ` in app ${cleanText(app, mostNamed)}`;
  return searchName === null
    ? `a search whose name it does not tell${inApp}`
    : `the search ${cleanText(searchName, mostNamed)}${inApp}`;
}
