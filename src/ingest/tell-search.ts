import type { SearchJob, SearchTold, WebhookSearch } from "../ports.ts";

/**
 * What is known of a search's schedule. Splunk keeps runs that found nothing for two periods only, so what it told before counts too.
 * @param before what it told the last time; null: nothing
 */
export function tellSearch(
  { isScheduled, nextRunAt }: Pick<WebhookSearch, "isScheduled" | "nextRunAt">,
  runs: readonly Pick<SearchJob, "startedAt">[],
  before: SearchTold | null,
  now: Date,
): SearchTold {
  const starts = runs.flatMap(({ startedAt }) => (startedAt === null ? [] : [startedAt.getTime()]));
  const last = Math.max(before?.lastRunAt?.getTime() ?? Number.NEGATIVE_INFINITY, ...starts);
  const lastRunAt = Number.isFinite(last) ? new Date(last) : null;
  return {
    isScheduled,
    hasWebhook: true,
    nextRunAt,
    lastRunAt,
    periodSeconds: periodOf(starts, { lastRunAt, nextRunAt, now }) ?? before?.periodSeconds ?? null,
    toldAt: now,
  };
}

/** The longest pause between runs that it tells of: a schedule may be `on weekdays`. */
function periodOf(
  starts: readonly number[],
  {
    lastRunAt,
    nextRunAt,
    now,
  }: { readonly lastRunAt: Date | null; readonly nextRunAt: Date | null; readonly now: Date },
): number | null {
  const inOrder = starts.toSorted((a, b) => a - b);
  const pauses = inOrder.slice(1).map((start, n) => start - (inOrder[n] ?? start));
  // Only while it keeps its schedule does the next run say how long the pause is.
  const ahead =
    lastRunAt !== null && nextRunAt !== null && pauses.length === 0 && nextRunAt > now
      ? [nextRunAt.getTime() - lastRunAt.getTime()]
      : [];
  const longest = Math.max(0, ...pauses, ...ahead);
  return longest > 0 ? Math.ceil(longest / 1000) : null;
}
