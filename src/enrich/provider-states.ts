import type { Budget, BudgetWindow, IntelProvider, LookUpRecords, QuotaWindow } from "../ports.ts";
import { blockedBy, budgetAt, isSpent, newBudget } from "./quota/budget.ts";
import { type Gear, gearOf, runsOutAt } from "./quota/gear.ts";
import { leftOf } from "./quota/window.ts";

/** What is left of one budget. */
export interface BudgetState {
  readonly gear: Gear;
  readonly windows: readonly {
    readonly name: BudgetWindow["name"];
    readonly limit: number;
    readonly used: number;
    readonly left: number;
    /** Null when nobody knows. */
    readonly resetsAt: Date | null;
  }[];
  /** When the first window of an hour or more will be spent if it goes on like this; null: it lasts. */
  readonly runsOutAt: Date | null;
  /** No call is made before; null: one may be made now. */
  readonly notBefore: Date | null;
  /** What is wrong, as a sentence that may quote text from outside; null when all is well. */
  readonly trouble: string | null;
  readonly totals: Budget["totals"];
}

/** How one provider is. */
export interface ProviderState extends BudgetState {
  readonly name: string;
  readonly title: string;
  readonly isOptional: boolean;
  /** `short`: the rest is saved for the most urgent. */
  readonly state: "ok" | "short" | "exhausted" | "refused" | "unavailable";
  /** Addresses about which it is still to be asked. */
  readonly waiting: number;
  readonly oldestWaitingAt: Date | null;
  /** The budget of look-ups of whole networks; null where it has none. */
  readonly network: BudgetState | null;
}

/** The key under which the store keeps a provider's budget. */
export function budgetKey(
  { name, keyId }: Pick<IntelProvider, "name" | "keyId">,
  kind: "check" | "network",
): string {
  return `${name} ${kind} ${keyId}`;
}

/** How each provider is, as the store knows it. */
export async function readProviderStates(
  providers: readonly IntelProvider[],
  store: Pick<LookUpRecords, "budgets" | "lookUpBacklogs">,
  now: Date,
): Promise<readonly ProviderState[]> {
  const [budgets, backlogs] = await Promise.all([store.budgets(), store.lookUpBacklogs()]);
  const budgetOf = (key: string, quota: readonly QuotaWindow[]): Budget => {
    const kept = budgets.get(key);
    return kept === undefined ? newBudget(quota, now) : budgetAt(kept, now);
  };
  return providers.map((provider) => {
    const { name, title, isOptional, network } = provider;
    const budget = budgetOf(budgetKey(provider, "check"), provider.quota);
    const backlog = backlogs.find((one) => one.provider === name);
    return {
      name,
      title,
      isOptional,
      state: stateOf(budget, now),
      ...describe(budget, now),
      waiting: backlog?.waiting ?? 0,
      oldestWaitingAt: backlog?.oldestAt ?? null,
      network:
        network === undefined ? null : describe(budgetOf(budgetKey(provider, "network"), network.quota), now),
    };
  });
}

function describe(budget: Budget, now: Date): BudgetState {
  const refusal = blockedBy(budget, now);
  return {
    gear: gearOf(budget, now),
    windows: budget.windows.map((window) => ({
      name: window.name,
      limit: window.limit,
      used: window.used,
      left: leftOf(window),
      resetsAt: window.resetsAt,
    })),
    runsOutAt: runsOutAt(budget, now),
    notBefore: refusal?.notBefore ?? null,
    trouble: budget.trouble?.reason ?? refusal?.reason ?? null,
    totals: budget.totals,
  };
}

function stateOf(budget: Budget, now: Date): ProviderState["state"] {
  const { trouble, notBefore } = budget;
  // Until a call was answered again it is not well, also while it may be tried.
  if (trouble !== null && notBefore !== null) {
    return ({ key: "refused", quota: "exhausted", unavailable: "unavailable" } as const)[trouble.kind];
  }
  if (isSpent(budget)) {
    return "exhausted";
  }
  return gearOf(budget, now) === "free" ? "ok" : "short";
}
