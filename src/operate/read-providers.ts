import type { Budget, BudgetWindow, Store } from "../ports.ts";

/** What is left of one budget. */
interface BudgetState extends Pick<Budget, "notBefore" | "totals"> {
  readonly gear: "free" | "ordered" | "saving";
  readonly windows: readonly (Pick<BudgetWindow, "name" | "limit" | "used" | "resetsAt"> & {
    readonly left: number;
  })[];
  /** When it will be spent if it goes on like this; null: it lasts. */
  readonly runsOutAt: Date | null;
  /** What is wrong, as a sentence that may quote text from outside; null when all is well. */
  readonly trouble: string | null;
}

/** How one provider is. */
export interface ProviderState extends BudgetState {
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** Nobody waits for it. */
  readonly isOptional: boolean;
  readonly state: "ok" | "short" | "exhausted" | "refused" | "unavailable";
  /** Addresses about which it is still to be asked. */
  readonly waiting: number;
  readonly oldestWaitingAt: Date | null;
  /** The budget for whole networks; null when it can't be asked about them. */
  readonly network: BudgetState | null;
}

/** JSON form of an item of `GET /api/v1/providers`. */
export interface ProviderReport extends Omit<ProviderState, "isOptional"> {
  readonly optional: boolean;
}

/** A list of networks that is kept on this machine. */
export interface ListReport {
  readonly name: string;
  readonly version: string;
  readonly entries: number;
  readonly fetchedAt: Date;
  readonly checkedAt: Date;
  /** Since it was last known to be the newest. */
  readonly ageSeconds: number;
}

export interface ProviderStates {
  readonly states: () => Promise<readonly ProviderState[]>;
}

export interface ProvidersDeps {
  readonly store: Pick<Store, "prefixLists">;
  readonly providers: ProviderStates;
  readonly now: () => Date;
}

/** @throws {AppError} STORE_UNAVAILABLE */
export async function readProviders({ store, providers, now }: ProvidersDeps): Promise<{
  readonly providers: readonly ProviderReport[];
  readonly lists: readonly ListReport[];
}> {
  const [states, lists] = await Promise.all([reportProviders(providers), store.prefixLists()]);
  const time = now().getTime();
  return {
    providers: states,
    lists: lists.map(({ name, version, networks, fetchedAt, checkedAt }) => ({
      name,
      version,
      entries: networks.length,
      fetchedAt,
      checkedAt,
      ageSeconds: Math.max(0, time - checkedAt.getTime()) / 1000,
    })),
  };
}

/** @throws {AppError} STORE_UNAVAILABLE */
export async function reportProviders({ states }: ProviderStates): Promise<readonly ProviderReport[]> {
  return (await states()).map(
    ({ name, title, isOptional, state, waiting, oldestWaitingAt, network, ...budget }) => ({
      name,
      title,
      optional: isOptional,
      state,
      waiting,
      oldestWaitingAt,
      ...budgetJson(budget),
      network: network === null ? null : budgetJson(network),
    }),
  );
}

function budgetJson({ gear, windows, notBefore, runsOutAt, trouble, totals }: BudgetState): BudgetState {
  return { gear, windows, notBefore, runsOutAt, trouble, totals };
}
