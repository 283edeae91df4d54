import type { Budget } from "../../ports.ts";

/** Why a provider could not be asked, or its answer not be used. */
export interface CallFailure {
  /** `invalid`: it answered something unreadable; `other`: the fault is the address', or ours. */
  readonly kind: "key" | "quota" | "unavailable" | "invalid" | "other";
  /** A sentence. */
  readonly reason: string;
  /** How long the provider wants us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The same address has failed before since the last answer: that says nothing new about the provider. */
  readonly isRepeat?: boolean;
}

type Kind = NonNullable<Budget["trouble"]>["kind"];

/** So many failures in a row, and the provider is left alone. */
export const mostFailures = 5;
const firstRestMs = 30_000;
const longestRestMs = 15 * 60_000;
const firstQuotaRestMs = 60_000;
const longestQuotaRestMs = 24 * 3_600_000;
const keyRestMs = 3_600_000;

/**
 * The budget after a call that failed. A provider that fails five times in a row rests for 30 s, then twice as long each time, up to 15
 * minutes, also when it did answer, but with nothing of use about different addresses; one whose quota is exhausted for as long as it says, else 60 s, then twice as long each time, at most to the end of the day; one
 * that refuses the key for an hour. After a rest one call at a time tries whether it is well.
 * @param isProbe it was such a call; others that fail during a rest began before it and say nothing new
 */
export function failed(before: Budget, failure: CallFailure, isProbe: boolean, now: Date): Budget {
  const budget = { ...before, totals: { ...before.totals, failed: before.totals.failed + 1 } };
  const { reason } = failure;
  const isLate = isResting(budget, now);
  if (!isProbe && (failure.isRepeat === true || (isLate && !isNews(failure)))) {
    return budget;
  }
  const kind = failure.kind === "key" || failure.kind === "quota" ? failure.kind : "unavailable";
  const restMs = restMsOf(budget, kind, failure, { isProbe, now });
  return {
    ...budget,
    failures: inARow(budget, kind),
    notBefore: restMs === 0 ? null : new Date(now.getTime() + restMs),
    trouble: { kind, reason },
  };
}

/** Whether it tells something although the provider is left alone already. */
function isNews({ kind, retryAfterMs }: CallFailure): boolean {
  return kind === "key" || (kind === "quota" && retryAfterMs !== undefined);
}

function restMsOf(
  budget: Budget,
  kind: Kind,
  failure: CallFailure,
  { isProbe, now }: { readonly isProbe: boolean; readonly now: Date },
): number {
  if (kind === "key") {
    return keyRestMs;
  }
  return kind === "quota" ? quotaRestMs(budget, failure, now) : unavailableRestMs(budget, failure, isProbe);
}

/** The budget after an answer. One that came late does not end a rest that the provider has asked for. */
export function succeeded(before: Budget, what: "known" | "unknown", isProbe: boolean, now: Date): Budget {
  const budget = { ...before, totals: { ...before.totals, [what]: before.totals[what] + 1 } };
  const keepsResting = !isProbe && budget.trouble?.kind === "quota" && isResting(budget, now);
  return keepsResting ? budget : { ...budget, notBefore: null, trouble: null, failures: 0 };
}

/** True when the provider has said twice that its quota is exhausted, and not until when. */
export function isPuzzled({ trouble, failures }: Budget): boolean {
  return trouble?.kind === "quota" && failures >= 2;
}

function isResting({ notBefore }: Budget, now: Date): boolean {
  return notBefore !== null && notBefore > now;
}

function inARow({ trouble, failures }: Budget, kind: Kind): number {
  return trouble === null || trouble.kind === kind ? failures + 1 : 1;
}

function unavailableRestMs(budget: Budget, { retryAfterMs }: CallFailure, isProbe: boolean): number {
  const doublings = inARow(budget, "unavailable") - mostFailures;
  const restMs = doublings < 0 ? 0 : firstRestMs * 2 ** Math.min(doublings, 10);
  return Math.min(longestRestMs, Math.max(restMs, retryAfterMs ?? 0, isProbe ? firstRestMs : 0));
}

function quotaRestMs(budget: Budget, { retryAfterMs }: CallFailure, now: Date): number {
  const day = budget.windows.find(({ name }) => name === "day")?.resetsAt;
  const toMidnightMs = day === null || day === undefined ? longestQuotaRestMs : day.getTime() - now.getTime();
  const doubledMs = firstQuotaRestMs * 2 ** Math.min(inARow(budget, "quota") - 1, 11);
  const restMs = retryAfterMs ?? Math.min(doubledMs, Math.max(firstQuotaRestMs, toMidnightMs));
  return Math.min(longestQuotaRestMs, restMs);
}
