import type { Answered, IntelProvider, Log } from "../ports.ts";
import { type Answer, askProvider, isPassing } from "./ask-provider.ts";
import { type Governor, isGrant, type Settled } from "./governor.ts";
import type { ProviderAlarms } from "./provider-alarms.ts";
import type { CallFailure } from "./quota/breaker.ts";
import type { Refusal } from "./quota/budget.ts";
import type { Wish } from "./quota/gear.ts";
import type { UselessAnswers } from "./useless-answers.ts";

export interface CallDeps {
  readonly provider: IntelProvider;
  readonly governor: Governor;
  readonly alarms: ProviderAlarms;
  readonly useless: UselessAnswers;
  /** It answers again: what was put off for it need not wait any longer. */
  readonly onRecovered: () => Promise<void>;
  /** For one call, in real time. */
  readonly timeoutMs: number;
  readonly now: () => Date;
  readonly log: Log;
}

/** What came of a call: an answer, a failure that may say something about the address, or neither, because it must wait. */
export type Called<T> = { readonly value: T } | { readonly failed: string } | { readonly waits: Refusal };

interface Call<T> {
  /** The address or network: nobody else asks about it meanwhile. */
  readonly about: string;
  readonly wish: Wish;
  readonly make: (signal: AbortSignal) => Promise<Answered<T>>;
  readonly isKnown: (value: T) => boolean;
  /** Keeps what was paid for, before anything else may fail. */
  readonly keep: (called: { readonly value: T } | { readonly failed: string }) => Promise<void>;
}

/** After a failure that may pass by itself, when the provider says nothing better. */
const shortWaitMs = 5000;

/**
 * Makes one call, if the budget has one: counts it, makes it, keeps what it says, and tells the budget what came of it.
 * @throws {AppError} STORE_UNAVAILABLE (retryable)
 */
export async function makeCall<T>(deps: CallDeps, call: Call<T>): Promise<Called<T>> {
  const grant = await deps.governor.reserve(call.wish, call.about);
  if (!isGrant(grant)) {
    return { waits: grant };
  }
  const answer = await askProvider(deps.provider.title, deps.timeoutMs, call.make);
  const { isRepeat, isEverybodys } = noteUseless(deps, call.about, answer);
  const called = isEverybodys ? null : calledOf(answer);
  const [kept, settled] = await Promise.allSettled([
    called === null ? Promise.resolve() : call.keep(called),
    deps.governor.settle(grant, outcomeOf(answer, call.isKnown, isRepeat)),
  ]);
  if (kept.status === "rejected") {
    throw kept.reason;
  }
  if (settled.status === "rejected") {
    throw settled.reason;
  }
  await tell(deps, { about: call.about, answer, settled: settled.value, isEverybodys });
  return called ?? { waits: refusalOf(deps, answer, settled.value) };
}

function calledOf<T>(answer: Answer<T>): { readonly value: T } | { readonly failed: string } | null {
  if ("answered" in answer) {
    return { value: answer.answered.value };
  }
  return isPassing(answer.failure) ? null : { failed: answer.failure.reason };
}

function noteUseless<T>({ useless }: CallDeps, about: string, answer: Answer<T>) {
  if ("answered" in answer) {
    useless.clear();
  }
  return "answered" in answer || isPassing(answer.failure)
    ? { isRepeat: false, isEverybodys: false }
    : useless.note(about);
}

function outcomeOf<T>(answer: Answer<T>, isKnown: (value: T) => boolean, isRepeat: boolean) {
  if ("failure" in answer) {
    return { what: "failed", failure: { ...answer.failure, isRepeat } } as const;
  }
  const { value, quota } = answer.answered;
  return { what: isKnown(value) ? "known" : "unknown", quota } as const;
}

function refusalOf<T>({ now }: CallDeps, answer: Answer<T>, { notBefore }: Settled): Refusal {
  const soon = new Date(now().getTime() + shortWaitMs);
  const { kind, reason } = "failure" in answer ? answer.failure : { kind: "other", reason: "" };
  return {
    reason,
    kind: kind === "key" || kind === "quota" ? kind : "unavailable",
    notBefore: notBefore !== null && notBefore > soon ? notBefore : soon,
  };
}

interface Ended {
  readonly about: string;
  readonly answer: Answer<unknown>;
  readonly settled: Settled;
  readonly isEverybodys: boolean;
}

async function tell(deps: CallDeps, { about, answer, settled, isEverybodys }: Ended): Promise<void> {
  const { alarms, onRecovered } = deps;
  if ("failure" in answer) {
    logFailure(deps, about, answer, settled);
    await (answer.failure.kind === "key" ? alarms.keyRefused(answer.failure.reason) : undefined);
    await (isEverybodys ? alarms.answersUseless(answer.failure.reason) : undefined);
    await (settled.isPuzzled ? readQuota(deps, AbortSignal.timeout(deps.timeoutMs)) : undefined);
    return;
  }
  await alarms.keyWorks();
  await alarms.answersAreGood();
  if (!settled.isSpent) {
    await alarms.budgetIsBack();
  }
  if (settled.isRecovered) {
    await onRecovered();
  }
}

/** Look-ups that were under way when the provider began to refuse fail for the same reason: it is told once. */
function logFailure(
  { provider, log }: CallDeps,
  about: string,
  { failure, bug }: Extract<Answer<unknown>, { failure: CallFailure }>,
  settled: Settled,
): void {
  const isOld = isPassing(failure) && settled.trouble !== null && !settled.isWorse;
  const level = isOld ? "debug" : failure.kind === "key" || bug !== null ? "error" : "warn";
  log[level](
    { provider: provider.name, about, error: bug ?? failure.reason, notBefore: settled.notBefore },
    "provider could not be asked",
  );
}

/** Lets the provider say what is left of the key's budget, and whether the key is right, if it can. Rejects only for the store. */
export async function readQuota(deps: CallDeps, signal: AbortSignal): Promise<void> {
  const { provider, governor, alarms, log } = deps;
  const read = provider.readQuota;
  if (read === undefined) {
    return;
  }
  const answer = await askProvider(provider.title, deps.timeoutMs, async (limit) => ({
    value: await read(AbortSignal.any([limit, signal])),
    quota: [],
  }));
  if ("answered" in answer) {
    await governor.learn(answer.answered.value);
    await alarms.keyWorks();
    return;
  }
  const { failure, bug } = answer;
  const isKey = failure.kind === "key";
  log[isKey ? "error" : "warn"](
    { provider: provider.name, error: bug ?? failure.reason },
    "provider's quota could not be read",
  );
  if (isKey) {
    await governor.fail(failure);
    await alarms.keyRefused(failure.reason);
  }
}
