import type { Budget, QuotaWindow } from "../ports.ts";
import { type BudgetRecordOptions, createBudgetRecord } from "./budget-record.ts";
import { type CallFailure, failed, isPuzzled, succeeded } from "./quota/breaker.ts";
import {
  blockedBy,
  budgetAt,
  callsNow,
  cameBack,
  isSpent,
  type Refusal,
  spend,
  type Spent,
} from "./quota/budget.ts";
import { type Gear, gearOf, heldBackBy, type Wish } from "./quota/gear.ts";
import { type Circumstances, learn } from "./quota/learn.ts";

/** One call that may be made; it is counted already. */
export interface Grant {
  /** The address or network; null: nobody need know. */
  readonly about: string | null;
  readonly isProbe: boolean;
}

export type Reserved = Grant | Refusal;

/** What came of a call. */
export type Outcome =
  | { readonly what: "known" | "unknown"; readonly quota: readonly QuotaWindow[] }
  | { readonly what: "failed"; readonly failure: CallFailure };

/** What the budget says now. */
export interface Outlook {
  /** So many calls may be made now; infinity: nothing limits them. */
  readonly calls: number;
  readonly refusal: Refusal | null;
  readonly gear: Gear;
}

/** The end of a call, for the budget. */
export interface Settled {
  /** Why it is troubled now; null: it is well. */
  readonly trouble: Budget["trouble"];
  readonly notBefore: Date | null;
  /** The trouble is over with this call. */
  readonly isRecovered: boolean;
  /** The trouble is new, lasts longer than was known before, or was just found to last. */
  readonly isWorse: boolean;
  /** Only the provider can tell for how long. */
  readonly isPuzzled: boolean;
  /** That was the last call of a day or more. */
  readonly isSpent: boolean;
}

/** The budget of one provider's key for one kind of call. */
export interface Governor {
  /** Why not now, as far as is known without asking the store; null: perhaps. */
  readonly refusalOf: (wish: Wish) => Refusal | null;
  /** Counts one call, committed to disk, before it is made: who is killed must not have asked more than was counted. */
  readonly reserve: (wish: Wish, about?: string) => Promise<Reserved>;
  readonly settle: (grant: Grant, outcome: Outcome) => Promise<Settled>;
  /** What the provider says about the whole budget, when asked. */
  readonly learn: (quota: readonly QuotaWindow[]) => Promise<void>;
  /** The key does not work, found without a call that costs. */
  readonly fail: (failure: CallFailure) => Promise<void>;
  readonly outlook: () => Promise<Outlook>;
}

/**
 * Calls at the same time share a transaction.
 * @throws {AppError} STORE_UNAVAILABLE (retryable) from everything that commits
 */
export function createGovernor(options: BudgetRecordOptions): Governor {
  const { now } = options;
  const record = createBudgetRecord(options);
  const calls = createCalls();
  return {
    refusalOf(wish) {
      const known = record.fresh();
      const at = now();
      const budget = known === null ? null : budgetAt(known, at);
      return budget === null ? null : (blockedBy(budget, at) ?? heldBackBy(budget, wish, at));
    },
    async reserve(wish, about) {
      const spent = await record.change((budget) => {
        const result = spend(budget, wish, now(), about);
        return { budget: result.budget, result };
      });
      return spent.isGranted ? calls.begin(about ?? null, spent.isProbe) : refusalIn(spent);
    },
    settle(grant, outcome) {
      const circumstances = calls.end(grant);
      return record.change((before) => {
        const isAnswered = outcome.what !== "failed";
        const budget = cameBack(
          settled(before, outcome, circumstances, now()),
          grant.about,
          isAnswered,
          now(),
        );
        const result = compare(before, budget);
        return { budget, result: { ...result, isWorse: result.isWorse || grant.isProbe } };
      });
    },
    learn: (windows) =>
      record.change((before) => {
        const budget = learn(before, windows, { others: calls.underWay(), isProbe: false }, now());
        const isKeyBack = budget.trouble?.kind === "key";
        const well = { notBefore: null, trouble: null, failures: 0 };
        return { budget: isKeyBack ? { ...budget, ...well } : budget, result: undefined };
      }),
    fail: (failure) =>
      record.change((before) => {
        const { totals } = before; // it was no call of those that are counted
        return { budget: { ...failed(before, failure, true, now()), totals }, result: undefined };
      }),
    async outlook() {
      const known = record.fresh();
      const last = known ?? record.last();
      const outlook = last === null ? null : outlookOf(last, now());
      // Who believes an old one that allows calls meets the truth when reserving.
      return outlook !== null && (known !== null || outlook.refusal === null)
        ? outlook
        : record.change((budget) => ({ budget, result: outlookOf(budget, now()) }));
    },
  };
}

interface Calls {
  readonly begin: (about: string | null, isProbe: boolean) => Grant;
  readonly end: (grant: Grant) => Circumstances;
  readonly underWay: () => number;
}

/** Counts for each call how many others were under way while it was. */
function createCalls(): Calls {
  const underWay = new Map<Grant, { others: number }>();
  return {
    begin(about, isProbe) {
      for (const call of underWay.values()) {
        call.others += 1;
      }
      const grant: Grant = { about, isProbe };
      underWay.set(grant, { others: underWay.size });
      return grant;
    },
    end(grant) {
      const others = underWay.get(grant)?.others ?? 0;
      underWay.delete(grant);
      return { others, isProbe: grant.isProbe };
    },
    underWay: () => underWay.size,
  };
}

function refusalIn(spent: Extract<Spent, { isGranted: false }>): Refusal {
  const { reason, kind, notBefore, isSpent = false, isOwn } = spent;
  return { reason, kind, notBefore, isSpent, ...(isOwn === undefined ? {} : { isOwn }) };
}

function outlookOf(before: Budget, now: Date): Outlook {
  const budget = budgetAt(before, now);
  return { ...callsNow(budget, now), gear: gearOf(budget, now) };
}

/** True for what `reserve` answers when the call may be made. */
export function isGrant(reserved: Reserved): reserved is Grant {
  return "isProbe" in reserved;
}

function settled(before: Budget, outcome: Outcome, circumstances: Circumstances, now: Date): Budget {
  const { isProbe } = circumstances;
  if (outcome.what === "failed") {
    return failed(before, outcome.failure, isProbe, now);
  }
  return succeeded(learn(before, outcome.quota, circumstances, now), outcome.what, isProbe, now);
}

function compare(before: Budget, after: Budget): Settled {
  const { trouble, notBefore } = after;
  const isNew = trouble !== null && trouble.kind !== before.trouble?.kind;
  return {
    trouble,
    notBefore,
    isRecovered: before.notBefore !== null && trouble === null,
    isWorse: isNew || (notBefore !== null && (before.notBefore === null || notBefore > before.notBefore)),
    isPuzzled: isPuzzled(after) && after.failures > before.failures,
    isSpent: isSpent(after),
  };
}
