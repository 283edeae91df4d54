import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createGovernor, type Grant, isGrant, type Outcome } from "../../src/enrich/governor.ts";
import { type CallFailure, failed, succeeded } from "../../src/enrich/quota/breaker.ts";
import { newBudget, spend, withQuota } from "../../src/enrich/quota/budget.ts";
import { learn } from "../../src/enrich/quota/learn.ts";
import type { Budget, QuotaWindow } from "../../src/ports.ts";
import { createLookUpStore } from "../fakes/look-up-store.ts";
import { t0 } from "../fakes/samples.ts";

const dayMs = 86_400_000;
const urgent = { severity: "critical", since: new Date(0) } as const;

/** A provider with the same clock as ours. It counts a call when it arrives. */
interface TrueProvider {
  readonly quota: readonly QuotaWindow[];
  /** @returns what its answer says, or undefined when it refuses */
  readonly arrive: (now: number) => readonly QuotaWindow[] | undefined;
}

/** Counts a sliding minute, the day from midnight UTC and the month from the 1st, and tells nothing. */
function byCalendar(): TrueProvider {
  const calls: number[] = [];
  const since = (from: number) => calls.filter((at) => at >= from).length;
  return {
    quota: [
      { name: "minute", limit: 4 },
      { name: "day", limit: 12, isCalendar: true },
      { name: "month", limit: 40, isCalendar: true },
    ],
    arrive(now) {
      const month = Date.UTC(new Date(now).getUTCFullYear(), new Date(now).getUTCMonth(), 1);
      if (since(now - 59_999) >= 4 || since(now - (now % dayMs)) >= 12 || since(month) >= 40) {
        return undefined;
      }
      calls.push(now);
      return [];
    },
  };
}

/** Counts days that begin at 05:00 UTC, and tells with each answer what is left. */
function byHeaders(): TrueProvider {
  const calls: number[] = [];
  return {
    quota: [{ name: "day", limit: 40 }],
    arrive(now) {
      const start = now - ((now - 5 * 3_600_000) % dayMs);
      if (calls.filter((at) => at >= start).length >= 40) {
        return undefined;
      }
      calls.push(now);
      return [{ name: "day", limit: 40, left: 40 - calls.filter((at) => at >= start).length }];
    },
  };
}

/** Counts weeks that begin whenever they do, and tells nothing. */
function silently(): TrueProvider {
  const calls: number[] = [];
  return {
    quota: [{ name: "week", limit: 10 }],
    arrive(now) {
      const start = now - ((now - 3 * dayMs - 12_345_678) % (7 * dayMs));
      if (calls.filter((at) => at >= start).length >= 10) {
        return undefined;
      }
      calls.push(now);
      return [];
    },
  };
}

const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("call" as const), many: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("end" as const), which: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.oneof(fc.integer({ min: 1, max: 70_000 }), fc.integer({ min: 1, max: 2 * dayMs })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
);

test.each([
  ["by the calendar", byCalendar],
  ["by headers", byHeaders],
  ["without telling", silently],
])(
  "no call is refused by a provider that counts %s, whatever overlaps, restarts and waits",
  async (_, create) => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 120, size: "max" }), async (acts) => {
        const truth = create();
        const store = createLookUpStore();
        let now = t0.getTime();
        const open = () => createGovernor({ key: "k", quota: truth.quota, store, now: () => new Date(now) });
        let governor = open();
        let refused = 0;
        let underWay: { readonly grant: Grant; readonly outcome: Outcome }[] = [];
        for (const one of acts) {
          if (one.kind === "wait") {
            now += one.ms;
          } else if (one.kind === "restart") {
            governor = open(); // what was under way is lost
            underWay = [];
          } else if (one.kind === "call") {
            const reserved = await Promise.all(
              Array.from({ length: one.many }, () => governor.reserve(urgent)),
            );
            for (const grant of reserved.filter(isGrant)) {
              const quota = truth.arrive(now);
              // One that tries whether a spent budget is back may meet a refusal.
              refused += quota === undefined && !grant.isProbe ? 1 : 0;
              const failure = { kind: "quota", reason: "429", retryAfterMs: undefined } as const;
              underWay.push({
                grant,
                outcome: quota === undefined ? { what: "failed", failure } : { what: "known", quota },
              });
            }
          } else {
            const [ended] = underWay.splice(one.which % Math.max(1, underWay.length), 1);
            await (ended && governor.settle(ended.grant, ended.outcome));
          }
        }
        expect(refused).toBe(0);
      }),
      { numRuns: 150 },
    );
  },
);

const hostile = fc.oneof(
  fc.record({ kind: fc.constant("call" as const), many: fc.integer({ min: 1, max: 30 }) }),
  fc.record({
    kind: fc.constant("jump" as const),
    ms: fc.integer({ min: -3700 * dayMs, max: 3700 * dayMs }),
  }),
  fc.record({ kind: fc.constant("jump" as const), ms: fc.integer({ min: -2 * dayMs, max: 2 * dayMs }) }),
  fc.record({
    kind: fc.constant("fail" as const),
    failure: fc.record({
      kind: fc.constantFrom<CallFailure["kind"]>("key", "quota", "unavailable", "invalid", "other"),
      reason: fc.constant("no"),
      retryAfterMs: fc.option(fc.integer({ min: 1000, max: dayMs }), { nil: undefined }),
    }),
    isProbe: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("learn" as const),
    left: fc.integer({ min: 0, max: 500 }),
    resetInMs: fc.option(fc.integer({ min: -dayMs, max: 400 * dayMs }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("answer" as const) }),
);

test.each<readonly QuotaWindow[]>([
  [{ name: "day", limit: 10, isCalendar: true }],
  [{ name: "month", limit: 15, isCalendar: true }],
  [
    { name: "minute", limit: 4 },
    { name: "hour", limit: 50 },
    { name: "day", limit: 20 },
  ],
  [
    { name: "week", limit: 30 },
    { name: "month", limit: 2000 },
  ],
])(
  "whatever the clock and the provider do, a call is granted again within two months of quiet",
  (...quota) => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 60, size: "max" }), (acts) => {
        let now = t0.getTime();
        let budget = newBudget(quota, t0);
        for (const one of acts) {
          const at = new Date(now);
          if (one.kind === "jump") {
            now += one.ms;
          } else {
            budget = withQuota(changed(budget, one, at), quota, at);
          }
        }
        const end = now + 62 * dayMs;
        for (; now < end; now += 3_600_000) {
          const spent = spend(budget, urgent, new Date(now));
          budget = spent.budget;
          if (spent.isGranted) {
            return;
          }
        }
        expect.fail("never again");
      }),
      { numRuns: 500 },
    );
  },
);

type Hostile = Exclude<typeof hostile extends fc.Arbitrary<infer T> ? T : never, { kind: "jump" }>;

function changed(budget: Budget, one: Hostile, now: Date): Budget {
  if (one.kind === "call") {
    return Array.from({ length: one.many }).reduce<Budget>((b) => spend(b, urgent, now).budget, budget);
  }
  if (one.kind === "fail") {
    return failed(budget, one.failure, one.isProbe, now);
  }
  if (one.kind === "answer") {
    return succeeded(budget, "known", false, now);
  }
  const { left, resetInMs } = one;
  const resetsAt = resetInMs === undefined ? {} : { resetsAt: new Date(now.getTime() + resetInMs) };
  const told = { name: "day", limit: 500, left, ...resetsAt } as const;
  return learn(budget, [told], { others: 2, isProbe: false }, now);
}

test("a clock that goes back and forth gives a day's budget once per day that it ever was", () => {
  const limit = 20;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 200, size: "max" }), (seconds) => {
      const midnight = Date.parse("2026-11-22T00:00:00Z");
      let budget = newBudget([{ name: "day", limit, isCalendar: true }], t0);
      let calls = 0;
      for (const second of seconds) {
        const now = new Date(midnight + second * 1000);
        for (let n = 0; n < 3; n += 1) {
          const spent = spend(budget, urgent, now);
          budget = spent.budget;
          calls += spent.isGranted ? 1 : 0;
        }
      }
      expect(calls).toBeLessThanOrEqual(2 * limit);
    }),
    { numRuns: 300 },
  );
});
