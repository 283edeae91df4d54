import type { Budget, BudgetWindow, CallUnderWay, QuotaWindow } from "../../ports.ts";
import { heldBackBy, isLong, type Wish } from "./gear.ts";
import { freeAgainAt, leftOf, newWindow, windowAt, withOneMore } from "./window.ts";

/** One call may be made, or why not. The budget is to be kept in both cases. */
export type Spent =
  | { readonly budget: Budget; readonly isGranted: true; readonly isProbe: boolean }
  | ({ readonly budget: Budget; readonly isGranted: false } & Refusal);

export interface Refusal {
  readonly reason: string;
  /** `busy`: others go first, or are being asked; else what is wrong with the provider. */
  readonly kind: "busy" | "quota" | "unavailable" | "key";
  /** Null: nobody can say; somebody else must go first. */
  readonly notBefore: Date | null;
  /** Because the provider's quota is exhausted, or a window of a day or more spent. */
  readonly isSpent?: boolean;
  /** It is about this address alone: others may be asked. */
  readonly isOwn?: true;
}

/** Nothing asks us to wait for longer, so a date beyond comes from a clock that was wrong. */
const longestWaitMs = 25 * 3_600_000;

/** A single call that tries whether the provider answers again must have ended by then, or is lost. */
const probeLeaseMs = 60_000;

/** No call takes longer, with its commits. Who notes one and dies must not keep others from asking for long. */
const callLeaseMs = 30_000;

/** Who looked for a finding just before it was kept must not pay for it again. */
const answeredMs = 2000;

/** Of those that were answered so many are remembered. */
const mostAnswered = 50;

/** When somebody else is asking about the address, look again after this. */
const othersPauseMs = 1000;

/** Nothing spent, nothing known. */
export function newBudget(quota: readonly QuotaWindow[], now: Date): Budget {
  return {
    windows: quota.map((window) => newWindow(window, now)),
    notBefore: null,
    trouble: null,
    failures: 0,
    totals: { asked: 0, known: 0, unknown: 0, failed: 0 },
    underWay: [],
  };
}

/** What was spent so far, under the limits of the settings, but for those that the provider itself has told. */
export function withQuota(budget: Budget, quota: readonly QuotaWindow[], now: Date): Budget {
  const settings = new Map(quota.map((window) => [window.name, window]));
  const kept = budget.windows
    .filter(({ name, counted }) => settings.has(name) || counted !== "sliding")
    .map((window) => underSetting(window, settings.get(window.name), now));
  const added = quota.filter(({ name }) => !kept.some((window) => window.name === name));
  return { ...budget, windows: [...kept, ...newBudget(added, now).windows] };
}

function underSetting(window: BudgetWindow, quota: QuotaWindow | undefined, now: Date): BudgetWindow {
  if (quota === undefined) {
    return window;
  }
  const begun = newWindow(quota, now);
  if (begun.counted === "calendar" && window.counted !== "calendar") {
    return { ...begun, used: window.used }; // it was kept before that was known of the provider
  }
  return window.counted === "told" ? window : { ...window, limit: quota.limit };
}

/** The budget as it is at this moment: windows that are over have begun anew, calls that have not come back are lost. */
export function budgetAt(budget: Budget, now: Date): Budget {
  const windows = budget.windows.map((window) => windowAt(window, now));
  const notBefore = isCredible(budget.notBefore, now) ? budget.notBefore : now;
  const underWay = underWayAt(budget, now);
  const isSame =
    notBefore === budget.notBefore &&
    underWay === budget.underWay &&
    windows.every((window, index) => window === budget.windows[index]);
  return isSame ? budget : { ...budget, windows, notBefore, underWay };
}

function underWayAt({ underWay = [] }: Budget, now: Date): readonly CallUnderWay[] {
  const still = underWay.filter(
    ({ until }) => until > now && until.getTime() <= now.getTime() + 2 * callLeaseMs,
  );
  return still.length === underWay.length ? underWay : still;
}

/** After the call about this address or network has come back. @param isAnswered else it may be asked again at once */
export function cameBack(budget: Budget, about: string | null, isAnswered: boolean, now: Date): Budget {
  if (about === null) {
    return budget;
  }
  const others = (budget.underWay ?? []).filter(({ ip }) => ip !== about);
  if (!isAnswered) {
    return { ...budget, underWay: others };
  }
  const until = new Date(now.getTime() + answeredMs);
  const answered = [...others.filter((call) => call.until <= until), { ip: about, until }];
  const rest = others.filter((call) => call.until > until);
  return { ...budget, underWay: [...rest, ...answered.slice(-mostAnswered)] };
}

function isCredible(notBefore: Date | null, now: Date): boolean {
  return notBefore === null || notBefore.getTime() <= now.getTime() + longestWaitMs;
}

/**
 * Takes one call out of every window, when nobody else is asking the same, the provider is well, each window has one left, and the gear
 * allows it. @param about the address or network; null: nobody need know
 */
export function spend(before: Budget, wish: Wish, now: Date, about: string | null = null): Spent {
  const budget = budgetAt(before, now);
  const refusal =
    askedByOthers(budget, about, now) ?? blockedBy(budget, now) ?? heldBackBy(budget, wish, now);
  if (refusal !== null) {
    return { budget, isGranted: false, ...refusal };
  }
  const isTrial = budget.notBefore !== null;
  const isProbe = isTrial || budget.windows.some((window) => leftOf(window) === 0);
  return {
    budget: {
      ...budget,
      windows: budget.windows.map((window) => withOneMore(window, now)),
      // Until this one has come back nobody else tries.
      notBefore: isTrial ? new Date(now.getTime() + probeLeaseMs) : null,
      totals: { ...budget.totals, asked: budget.totals.asked + 1 },
      underWay: [
        ...(budget.underWay ?? []),
        ...(about === null ? [] : [{ ip: about, until: new Date(now.getTime() + callLeaseMs) }]),
      ],
    },
    isGranted: true,
    isProbe,
  };
}

function askedByOthers({ underWay = [] }: Budget, about: string | null, now: Date): Refusal | null {
  return underWay.some(({ ip }) => ip === about)
    ? {
        reason: "another replica is asking about it",
        kind: "busy",
        notBefore: new Date(now.getTime() + othersPauseMs),
        isOwn: true,
      }
    : null;
}

/** How many calls could be made at this moment, whoever wants them; with none, why not. */
export function callsNow(
  before: Budget,
  now: Date,
): { readonly calls: number; readonly refusal: Refusal | null } {
  const budget = budgetAt(before, now);
  const refusal = blockedBy(budget, now);
  if (refusal !== null) {
    return { calls: 0, refusal };
  }
  const left = Math.min(...budget.windows.map(leftOf), Number.POSITIVE_INFINITY);
  return { calls: budget.notBefore === null ? Math.max(1, left) : 1, refusal: null };
}

/** @param budget as it is at `now` */
export function blockedBy(budget: Budget, now: Date): Refusal | null {
  if (budget.notBefore !== null && budget.notBefore > now) {
    const { notBefore, trouble } = budget;
    const isSpent = trouble?.kind === "quota";
    return {
      reason: trouble?.reason ?? "it is being tried",
      kind: trouble?.kind ?? "busy",
      notBefore,
      isSpent,
    };
  }
  const [worst] = budget.windows
    .filter((window) => leftOf(window) === 0)
    .map((window) => ({ window, at: freeAgainAt(window, now) }))
    .filter(({ at }) => at > now)
    .sort((a, b) => b.at.getTime() - a.at.getTime());
  if (worst === undefined) {
    return null;
  }
  const { window, at } = worst;
  const reason = `all ${window.limit} calls of the ${window.name} are spent`;
  return { reason, kind: "quota", notBefore: at, isSpent: isLong(window) };
}

/** Whether a window of a day or more has no call left. */
export function isSpent({ windows }: Budget): boolean {
  return windows.some((window) => isLong(window) && leftOf(window) === 0);
}
