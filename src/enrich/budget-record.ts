import { createGroup } from "../group-commit.ts";
import type { Budget, LookUpRecords, QuotaWindow } from "../ports.ts";
import { newBudget, withQuota } from "./quota/budget.ts";

export interface BudgetRecordOptions {
  /** Provider, kind of call and key id. */
  readonly key: string;
  readonly quota: readonly QuotaWindow[];
  readonly store: Pick<LookUpRecords, "updateBudget">;
  readonly now: () => Date;
}

type Change<T = unknown> = (budget: Budget) => { readonly budget: Budget; readonly result: T };

/** One budget as the store keeps it. */
export interface BudgetRecord {
  /** Resolves when it is on disk. Changes at the same time share a transaction. @param change pure, may be called again */
  readonly change: <T>(change: Change<T>) => Promise<T>;
  /** As it was a moment ago; null: nobody has looked lately. */
  readonly fresh: () => Budget | null;
  /** As it was when it was last looked at; null: never. */
  readonly last: () => Budget | null;
}

/** A storm asks thousands of times a second for what is spent: for this long the answer is not read again. */
const freshMs = 5000;

export function createBudgetRecord({ key, quota, store, now }: BudgetRecordOptions): BudgetRecord {
  let isAligned = false;
  let cached: { readonly budget: Budget; readonly at: Date } | undefined;

  const commit = async (changes: readonly Change[]): Promise<readonly unknown[]> => {
    const { budget, results } = await store.updateBudget(key, (kept) => {
      let budget = kept ?? newBudget(quota, now());
      if (!isAligned) {
        budget = withQuota(budget, quota, now());
      }
      const results = changes.map((change) => {
        const changed = change(budget);
        budget = changed.budget;
        return changed.result;
      });
      return { budget, result: { budget, results } };
    });
    isAligned = true;
    cached = { budget, at: now() };
    return results;
  };
  const group = createGroup(commit);

  return {
    async change(work) {
      let done: { readonly result: ReturnType<typeof work>["result"] } | undefined;
      await group((budget) => {
        const changed = work(budget);
        done = { result: changed.result };
        return changed;
      });
      if (done === undefined) {
        throw new Error(`the store did not change the budget ${key}`);
      }
      return done.result;
    },
    fresh() {
      const ageMs = cached === undefined ? -1 : now().getTime() - cached.at.getTime();
      return cached !== undefined && ageMs >= 0 && ageMs < freshMs ? cached.budget : null;
    },
    last: () => cached?.budget ?? null,
  };
}
