import { isSid } from "../domain/sid.ts";
import { AppError } from "../domain/errors.ts";
import type { LostSend, Log, RecoveryWanted, SearchJob, SplunkApi, Store, WebhookSearch } from "../ports.ts";
import { mostNamed } from "./recovery-wanted.ts";
import { tellSearch } from "./tell-search.ts";

export interface CatchUpDeps {
  readonly splunk: Pick<SplunkApi, "label" | "lostSends" | "webhookSearches" | "history">;
  readonly store: Pick<
    Store,
    | "latestAlertAt"
    | "leaseWatermark"
    | "recordMissed"
    | "knownSids"
    | "searches"
    | "tellSearches"
    | "raiseAlarm"
    | "endAlarm"
  >;
  /** True for the URL of a webhook that leads to us. */
  readonly isOurs: (url: string) => boolean;
  /** Channels that are told of alarms. */
  readonly channels: readonly string[];
  readonly holder: string;
  readonly everySeconds: number;
  /** Something was missed: there is something to be recovered. */
  readonly onMissed: () => void;
  readonly now: () => Date;
  readonly log: Log;
}

export const catchUpAlarm = "splunk-catch-up";
export const internalAlarm = "splunk-internal";

const watermark = "catch-up";
const minuteMs = 60_000;
/** Longer than a look takes, however many searches there are; who dies in it is followed so much later. */
const leaseMs = 10 * minuteMs;
/** Splunk indexes its own log late, and writes its own clock's times: ten minutes for each. */
const overlapMs = 20 * minuteMs;
/** A run is only known by when it began; one that took longer than this is not found. */
const runsOverlapMs = 60 * minuteMs;
/** Splunk gives a webhook so long; the alert of a later run may still be on its way. */
const sendingMs = 5 * minuteMs;
/** Further back than this nobody blocks without looking, and most results are gone. */
const furthestMs = 24 * 60 * minuteMs;

/**
 * Looks for alerts that never came, writes them down to be recovered, and keeps what Splunk tells of the searches that send to us.
 * @returns milliseconds until it is to be done again
 * @throws {AppError} STORE_UNAVAILABLE
 */
export async function catchUp(deps: CatchUpDeps, signal: AbortSignal): Promise<number> {
  const { store, holder, everySeconds } = deps;
  const now = deps.now();
  const lease = await store.leaseWatermark(watermark, holder, now, new Date(now.getTime() + leaseMs));
  if (lease === null) {
    return everySeconds * 1000;
  }
  const since = lease.at ?? (await store.latestAlertAt()) ?? now;
  try {
    const missed = await findMissed(deps, { since, now }, signal);
    const begun = await store.recordMissed(missed, { name: watermark, at: now, holder }, now);
    if (begun > 0) {
      deps.log.warn({ alerts: begun, since }, "alerts that never came were found in Splunk");
      deps.onMissed();
    }
    await store.endAlarm(catchUpAlarm, deps.now());
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError) || !error.code.startsWith("SPLUNK_")) {
      throw error;
    }
    deps.log.warn({ reason: error.message }, "Splunk could not be asked for alerts that never came");
    await raise(deps, catchUpAlarm, {
      message: `Splunk (${deps.splunk.label}) can't be asked for alerts that never came: ${error.message}.`,
      advice:
        "Nothing is lost as long as Splunk keeps its results: when it can be asked again, it is asked about the whole time.",
    });
  }
  return everySeconds * 1000;
}

/** The time that is looked through. */
interface Span {
  readonly since: Date;
  readonly now: Date;
}

function beginOf({ since, now }: Span, overlap: number): Date {
  return new Date(Math.max(since.getTime() - overlap, now.getTime() - furthestMs));
}

async function findMissed(
  deps: CatchUpDeps,
  span: Span,
  signal: AbortSignal,
): Promise<readonly RecoveryWanted[]> {
  const { now } = span;
  const searches = (await deps.splunk.webhookSearches(signal)).filter((search) => sendsToUs(deps, search));
  const runs = new Map<WebhookSearch, readonly SearchJob[]>();
  for (const search of searches) {
    runs.set(search, search.isScheduled ? await historyOf(deps, search, signal) : []);
  }
  await tellSearches(deps, runs, now);
  const lost = await lostSends(deps, span, signal);
  const unsent = lost.flatMap((send) => {
    const search = searches.find((one) => isOf(send, one));
    return search === undefined || isUnderWay(send, search, now) ? [] : [{ search, sid: send.sid }];
  });
  const unsentSids = new Set(unsent.map(({ sid }) => sid));
  // What our own action could not send yet it sends by itself: here it would come a second time.
  const fired = [...runs].flatMap(([search, jobs]) =>
    search.ownAction !== null
      ? []
      : jobs.filter((job) => hasFired(search, job, span)).map(({ sid }) => ({ search, sid })),
  );
  const wanted = [...unsent, ...fired].filter(({ sid }) => isSid(sid));
  const known = await deps.store.knownSids([...new Set(wanted.map(({ sid }) => sid))]);
  return wanted.flatMap(({ search, sid }) => {
    // Of a search that sends its rows in parts, some may have come; that one was lost only Splunk's log tells.
    const isPartly = isInParts(search) && known.has(sid) && unsentSids.has(sid);
    return known.has(sid) && !isPartly ? [] : [wantedOf(search, sid, now)];
  });
}

/** Failures that say nothing of other searches; one is rejected whose name or owner can't be part of a path. */
const isAboutOne: ReadonlySet<string> = new Set([
  "SPLUNK_FORBIDDEN",
  "SPLUNK_UNKNOWN_SID",
  "SPLUNK_REJECTED",
]);

/** One that may not be read is left out: it must not keep all others from being looked at. */
async function historyOf(
  { splunk, log }: CatchUpDeps,
  search: WebhookSearch,
  signal: AbortSignal,
): Promise<readonly SearchJob[]> {
  try {
    return await splunk.history(search, signal);
  } catch (error) {
    if (error instanceof AppError && isAboutOne.has(error.code)) {
      log.warn({ reason: error.message }, "the runs of a search could not be read");
      return [];
    }
    throw error;
  }
}

/** Without the right to read Splunk's own log, the runs that it still keeps have to do. */
async function lostSends(deps: CatchUpDeps, span: Span, signal: AbortSignal): Promise<readonly LostSend[]> {
  try {
    const lost = await deps.splunk.lostSends(beginOf(span, overlapMs), span.now, signal);
    await deps.store.endAlarm(internalAlarm, span.now);
    return lost;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "SPLUNK_FORBIDDEN") {
      throw error;
    }
    await raise(deps, internalAlarm, {
      message: `Splunk (${deps.splunk.label}) does not let us read _internal, so that alerts which it could not deliver are only found as long as it keeps their runs.`,
      advice: "Give the user of SPLUNK_TOKEN or SPLUNK_USER a role that may search the index _internal.",
    });
    return [];
  }
}

/** Our own action has one receiver for all searches of a Splunk. */
function sendsToUs({ isOurs }: CatchUpDeps, { url, ownAction }: WebhookSearch): boolean {
  return ownAction !== null || (url !== null && isOurs(url));
}

/** Owners differ: a shared search belongs to `nobody` in one place and to its author in another. */
function isOf({ action, searchName, app }: LostSend, search: WebhookSearch): boolean {
  const isOn = action === "webhook" ? search.url !== null : search.ownAction !== null;
  return isOn && searchName === search.name && (app === null || app === search.app);
}

/** Each row alone, or, by our own action, many rows in some parts. */
function isInParts({ isDigest, ownAction }: WebhookSearch): boolean {
  return !isDigest || ownAction !== null;
}

/** Parts are sent one after the other, for up to five minutes: until then those that have not come may still do. */
function isUnderWay({ failedAt }: LostSend, search: WebhookSearch, now: Date): boolean {
  return isInParts(search) && failedAt.getTime() > now.getTime() - sendingMs;
}

function hasFired(
  { firesAbove }: WebhookSearch,
  { state, startedAt, resultCount }: SearchJob,
  span: Span,
): boolean {
  return (
    firesAbove !== null &&
    state === "done" &&
    startedAt !== null &&
    startedAt >= beginOf(span, runsOverlapMs) &&
    startedAt.getTime() <= span.now.getTime() - sendingMs &&
    resultCount > firesAbove
  );
}

function wantedOf(search: WebhookSearch, sid: string, now: Date): RecoveryWanted {
  const { name, app, owner, ownAction } = search;
  return {
    sid,
    alertId: null,
    cause: isInParts(search) ? "missed-rows" : "missed",
    searchName: name,
    app,
    owner,
    settings: ownAction?.settings ?? null,
    isRepeated: isInParts(search),
    dueAt: now,
  };
}

/** One that sends to us no more is told as such, so that it shows that it has gone silent. */
async function tellSearches(
  { store }: CatchUpDeps,
  runs: ReadonlyMap<WebhookSearch, readonly SearchJob[]>,
  now: Date,
): Promise<void> {
  const before = new Map((await store.searches()).map(({ name, told }) => [name, told]));
  const told = new Map(
    [...runs].map(([search, jobs]) => [
      search.name,
      tellSearch(search, jobs, before.get(search.name) ?? null, now),
    ]),
  );
  for (const [name, last] of before) {
    if (last !== null && !told.has(name)) {
      told.set(name, { ...last, hasWebhook: false, nextRunAt: null, toldAt: now });
    }
  }
  const named = [...told].filter(([name]) => name.length <= mostNamed);
  await store.tellSearches(named.map(([name, one]) => ({ name, told: one })));
}

async function raise(
  { store, channels, now }: CatchUpDeps,
  key: string,
  words: { readonly message: string; readonly advice: string },
): Promise<void> {
  await store.raiseAlarm({ key, ...words }, channels, now());
}
