import { createPattern } from "../domain/pattern.ts";
import type { SearchRecord, SearchTold, Store } from "../ports.ts";
import { exactly, roughly, shortUtc } from "./words.ts";

/** One saved search, by what came from it. */
export interface SearchReport {
  readonly name: string;
  readonly alerts: number;
  readonly lastAlertAt: Date | null;
  /** Why nothing may come from it any more, as the end of a sentence that begins with its name; null: nothing shows that. */
  readonly silence: string | null;
}

export interface SearchesDeps {
  readonly store: Pick<Store, "searches">;
  /** Searches that are expected to send something now and then; `*` in a name stands for any text. */
  readonly expectedSearches: readonly { readonly name: string; readonly expectSeconds: number | null }[];
  readonly startedAt: Date;
  readonly now: () => Date;
}

/** Every search that has sent something, that Splunk tells of, or that is expected by name. @throws {AppError} STORE_UNAVAILABLE */
export async function readSearches(deps: SearchesDeps): Promise<readonly SearchReport[]> {
  const known = await deps.store.searches();
  const isKnown = (name: string): boolean =>
    known.some((one) => one.name.toLowerCase() === name.toLowerCase());
  const absent = deps.expectedSearches
    .filter(({ name, expectSeconds }) => expectSeconds !== null && !name.includes("*") && !isKnown(name))
    .map(({ name }): SearchRecord => ({ name, alerts: 0, lastAlertAt: null, told: null }));
  return [...known, ...absent].map((search) => ({
    name: search.name,
    alerts: search.alerts,
    lastAlertAt: search.lastAlertAt,
    silence: toldSilence(search, deps.now()) ?? unexpectedSilence(search, deps),
  }));
}

/** Longer ago, that a search was switched off is no news. */
const newsMs = 7 * 86_400_000;
/** A schedule may skip a run. */
const mostPeriods = 2;
/** Splunk's scheduler may be late, and runs are looked for now and then only. */
const lateMs = 10 * 60_000;

/** What Splunk says. */
function toldSilence({ told, lastAlertAt }: SearchRecord, now: Date): string | null {
  const lastSign = Math.max(lastAlertAt?.getTime() ?? 0, told?.lastRunAt?.getTime() ?? 0);
  if (told === null || lastSign < now.getTime() - newsMs) {
    return null;
  }
  if (!told.hasWebhook) {
    return "sends nothing here any more: in Splunk its webhook or alert action is gone, or leads elsewhere";
  }
  if (!told.isScheduled) {
    return "does not run any more: in Splunk it is disabled, or has no schedule";
  }
  return lateRun(told);
}

/** As of when Splunk was asked: that it can't be asked is told otherwise. */
function lateRun({ lastRunAt, periodSeconds, toldAt }: SearchTold): string | null {
  if (lastRunAt === null || periodSeconds === null) {
    return null;
  }
  const silentMs = toldAt.getTime() - lastRunAt.getTime();
  const periodMs = periodSeconds * 1000;
  return silentMs > mostPeriods * periodMs + lateMs
    ? `has not run in Splunk since ${shortUtc(lastRunAt)}, although it runs about every ${roughly(periodMs)}`
    : null;
}

function unexpectedSilence(
  { name, lastAlertAt }: SearchRecord,
  { expectedSearches, startedAt, now }: SearchesDeps,
): string | null {
  // As for everything else that is set for searches, the first that fits counts.
  const rule = expectedSearches.find((one) => createPattern(one.name.toLowerCase())(name.toLowerCase()));
  const expectSeconds = rule?.expectSeconds ?? null;
  const since = lastAlertAt ?? startedAt;
  return expectSeconds !== null && now().getTime() - since.getTime() > expectSeconds * 1000
    ? `has sent nothing since ${shortUtc(since)}, although an alert is expected every ${exactly(expectSeconds * 1000)}`
    : null;
}
