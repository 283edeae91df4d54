import type { Budget, BudgetWindow, QuotaWindow } from "../../ports.ts";
import { budgetAt } from "./budget.ts";
import { isCredibleReset, newWindow } from "./window.ts";

/** How sure the provider's count is when it comes. */
export interface Circumstances {
  /** Calls of ours that were under way at the same time: the provider may have counted them or not. */
  readonly others: number;
  /** It was alone, and the first after a while. */
  readonly isProbe: boolean;
}

/** Other replicas may have counted calls that have not reached the provider yet. */
const mostElsewhere = 8;

/**
 * The budget with what the provider says about it. Its count is right, but for calls under way. When it has counted much less than we have,
 * it has begun a new day, or our calls never reached it: it is believed. Limits of none, and windows that can't be, are not.
 */
export function learn(
  before: Budget,
  told: readonly QuotaWindow[],
  circumstances: Circumstances,
  now: Date,
): Budget {
  const heard = told.filter(({ limit }) => Number.isSafeInteger(limit) && limit > 0);
  if (heard.length === 0) {
    return before;
  }
  const budget = budgetAt(before, now);
  const added = heard
    .filter(({ name }) => !budget.windows.some((window) => window.name === name))
    .map((quota) => newWindow(quota, now));
  const windows = [...budget.windows, ...added].map((window) => {
    const quota = heard.find(({ name }) => name === window.name);
    return quota === undefined ? window : learnWindow(window, quota, circumstances, now);
  });
  return { ...budget, windows };
}

function learnWindow(
  window: BudgetWindow,
  quota: QuotaWindow,
  circumstances: Circumstances,
  now: Date,
): BudgetWindow {
  const { limit, left } = quota;
  if (window.name === "minute" || left === undefined || !Number.isSafeInteger(left)) {
    return withReset({ ...window, limit }, quota, now);
  }
  const { used, isNew } = usedOf(window, Math.max(0, limit - left), circumstances);
  const counted = window.counted === "calendar" ? ("calendar" as const) : ("told" as const);
  const recent = window.recent.slice(-1);
  const known = { ...window, limit, used, counted, recent };
  // When a provider that counts by the calendar says less, the window is still the same one.
  const begun = isNew && counted === "told" ? { ...known, startedAt: now, resetsAt: null } : known;
  return withReset(begun, quota, now);
}

function usedOf(
  { used }: BudgetWindow,
  theirs: number,
  { others, isProbe }: Circumstances,
): { readonly used: number; readonly isNew: boolean } {
  const most = theirs + others;
  const isNew = used > most + (isProbe ? 0 : mostElsewhere);
  return { used: isNew ? most : Math.max(used, theirs), isNew };
}

function withReset(window: BudgetWindow, { resetsAt }: QuotaWindow, now: Date): BudgetWindow {
  const isNews =
    resetsAt !== undefined &&
    window.counted !== "calendar" &&
    window.name !== "minute" &&
    isCredibleReset(window.name, resetsAt, now);
  return isNews ? { ...window, counted: "told", resetsAt, recent: window.recent.slice(-1) } : window;
}
