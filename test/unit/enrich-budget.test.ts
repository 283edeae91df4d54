import { describe, expect, test } from "vitest";
import { failed, succeeded } from "../../src/enrich/quota/breaker.ts";
import { budgetAt, callsNow, newBudget, spend, withQuota } from "../../src/enrich/quota/budget.ts";
import { gearOf, runsOutAt, type Wish } from "../../src/enrich/quota/gear.ts";
import { learn } from "../../src/enrich/quota/learn.ts";
import type { Budget, QuotaWindow } from "../../src/ports.ts";
import { after, t0 } from "../fakes/samples.ts";

const calendarDay: QuotaWindow = { name: "day", limit: 500, isCalendar: true };
const minute: QuotaWindow = { name: "minute", limit: 4 };
const alone = { others: 0, isProbe: false };
const urgent: Wish = { severity: "critical", since: new Date(0) };
const mild: Wish = { severity: "low", since: new Date(0) };

/** Spends until it is refused, at most `most` times. */
function spendAll(before: Budget, now: Date, most = 10_000): { budget: Budget; calls: number } {
  let budget = before;
  for (let calls = 0; calls < most; calls += 1) {
    const spent = spend(budget, urgent, now);
    budget = spent.budget;
    if (!spent.isGranted) {
      return { budget, calls };
    }
  }
  return { budget, calls: most };
}

describe("a minute", () => {
  test("slides: the fifth call comes when the first is a minute old", () => {
    let budget = newBudget([minute], t0);
    for (const at of [0, 10, 20, 59]) {
      const spent = spend(budget, null, after(at));
      expect(spent.isGranted).toBe(true);
      budget = spent.budget;
    }
    expect(spend(budget, null, after(59.9))).toMatchObject({ isGranted: false, notBefore: after(60) });
    expect(spend(budget, null, after(60)).isGranted).toBe(true);
    expect(spendAll(budget, after(60)).calls).toBe(1);
  });

  test("of more than a thousand calls is counted as a whole", () => {
    const { budget, calls } = spendAll(newBudget([{ name: "minute", limit: 2000 }], t0), t0);
    expect(calls).toBe(2000);
    expect(budget.windows[0]?.recent.length).toBeLessThan(2);
    expect(spendAll(budget, after(60)).calls).toBe(2000);
  });
});

describe("a day by the calendar", () => {
  const midnight = new Date("2026-11-22T00:00:00Z");

  test("ends at midnight UTC, a month on the 1st", () => {
    const { budget } = spendAll(newBudget([calendarDay], t0), t0);
    expect(callsNow(budget, new Date(midnight.getTime() - 1))).toMatchObject({
      calls: 0,
      refusal: { notBefore: midnight, isSpent: true },
    });
    expect(callsNow(budget, midnight).calls).toBe(500);

    const month = spendAll(newBudget([{ name: "month", limit: 3, isCalendar: true }], t0), t0).budget;
    expect(callsNow(month, new Date("2026-11-30T23:59:59Z")).refusal?.notBefore).toEqual(
      new Date("2026-12-01T00:00:00Z"),
    );
    expect(callsNow(month, new Date("2026-12-01T00:00:00Z")).calls).toBe(3);
  });

  test("gives nothing back when the clock goes back over midnight, however often", () => {
    let budget = newBudget([calendarDay], t0);
    let calls = 0;
    for (let n = 0; n < 10; n += 1) {
      for (const ms of [-100, 100]) {
        const spent = spendAll(budget, new Date(midnight.getTime() + ms));
        budget = spent.budget;
        calls += spent.calls;
      }
    }
    expect(calls).toBe(1000); // the old day's and the new one's, once each
  });

  test("is not lost for years when the clock was years ahead", () => {
    const future = new Date("2036-01-01T00:00:00Z");
    const { budget } = spendAll(budgetAt(newBudget([calendarDay, minute], t0), future), future);
    expect(spendAll(budget, t0).calls).toBe(0); // as if they had been spent now
    expect(callsNow(budgetAt(budget, t0), after(60)).calls).toBe(4);
    expect(budgetAt(budgetAt(budget, t0), midnight).windows[0]?.used).toBe(0);
  });
});

test("a window of which it became known that it goes by the calendar keeps what was spent", () => {
  const { budget } = spendAll(newBudget([{ name: "day", limit: 500 }], t0), t0, 9);
  expect(withQuota(budget, [calendarDay], t0).windows).toMatchObject([
    { counted: "calendar", used: 9, resetsAt: new Date("2026-11-22T00:00:00Z") },
  ]);
});

describe("a day that only the provider tells", () => {
  const day: QuotaWindow = { name: "day", limit: 1000 };
  const told = (left: number): QuotaWindow => ({ ...day, left });

  test("has its count, but for calls under way", () => {
    const spent = spendAll(newBudget([day], t0), t0, 100).budget;
    const used = (budget: Budget): number | undefined => budget.windows[0]?.used;
    expect(used(learn(spent, [told(880)], alone, t0))).toBe(120); // somebody else has the key too
    expect(used(learn(spent, [told(905)], { others: 5, isProbe: false }, t0))).toBe(100);
    expect(used(learn(spent, [told(999)], { others: 3, isProbe: false }, t0))).toBe(4); // a new day
  });

  test("takes over another limit, and no nonsense", () => {
    const budget = newBudget([day], t0);
    expect(learn(budget, [{ name: "day", limit: 3000, left: 3000 }], alone, t0).windows[0]?.limit).toBe(3000);
    for (const limit of [0, -1, Number.NaN, 1.5]) {
      expect(learn(budget, [{ name: "day", limit, left: 0 }], alone, t0)).toEqual(budget);
    }
    const far = learn(budget, [{ ...told(0), resetsAt: after(90 * 86_400) }], alone, t0);
    expect(far.windows[0]?.resetsAt).toBeNull();
  });

  test("is tried once in 15 minutes when it is spent and nobody knows until when", () => {
    const spent = learn(spendAll(newBudget([day], t0), t0, 1).budget, [told(0)], alone, t0);
    expect(spendAll(spent, after(899)).calls).toBe(0);
    const tried = spendAll(spent, after(900));
    expect(tried.calls).toBe(1);
    expect(spendAll(tried.budget, after(1799)).calls).toBe(0);
    const renewed = learn(tried.budget, [told(999)], { others: 0, isProbe: true }, after(900));
    expect(callsNow(renewed, after(901)).calls).toBe(999);
  });

  test("is left alone until it ends when the provider tells when", () => {
    const quota = { ...told(0), resetsAt: after(7200) };
    const spent = learn(newBudget([day], t0), [quota], alone, t0);
    expect(spendAll(spent, after(7199)).calls).toBe(0);
    expect(spendAll(spent, after(7200)).calls).toBe(1000);
  });
});

describe("the gear", () => {
  const start = new Date("2026-11-21T00:00:00Z");
  const at = (hours: number): Date => new Date(start.getTime() + hours * 3_600_000);
  const left = (calls: number): Budget =>
    learn(newBudget([calendarDay], start), [{ ...calendarDay, left: calls }], alone, start);

  test.each([
    [500, 1, "free"],
    [250, 1, "free"],
    [249, 1, "ordered"],
    [100, 1, "ordered"],
    [99, 1, "saving"],
    [99, 20, "free"], // a sixth of the time is left, and a fifth of the calls
    [0, 23, "saving"],
  ] as const)("with %i of 500 left %i hours after midnight is %s", (calls, hours, gear) => {
    expect(gearOf(left(calls), at(hours))).toBe(gear);
  });

  test("is that of the worst window, and minutes do not count", () => {
    const both = newBudget([minute, { name: "month", limit: 10, isCalendar: true }, calendarDay], start);
    const month = learn(both, [{ name: "month", limit: 10, left: 1 }], alone, start);
    expect(gearOf(spendAll(both, start, 4).budget, start)).toBe("free");
    expect(gearOf(month, start)).toBe("saving");
  });

  test("ordered asks nobody at once, and from the queue after ten seconds", () => {
    const budget = left(200);
    expect(spend(budget, null, at(1))).toMatchObject({ isGranted: false, notBefore: null });
    const wish: Wish = { severity: "medium", since: at(1) };
    const ready = new Date(at(1).getTime() + 10_000);
    expect(spend(budget, wish, at(1))).toMatchObject({ isGranted: false, notBefore: ready });
    expect(spend(budget, wish, ready).isGranted).toBe(true);
    // One that came from the future, before the clock was put back, need not wait for it.
    expect(spend(budget, { ...wish, since: at(9) }, at(1)).isGranted).toBe(true);
    // Nobody is more urgent than these.
    expect(spend(budget, { ...wish, severity: "high" }, at(1)).isGranted).toBe(true);
    expect(spend(budget, { ...wish, severity: "critical" }, at(1)).isGranted).toBe(true);
  });

  test("saving spreads the last calls over the time, but for what is urgent", () => {
    const first = spend(left(47), mild, at(1));
    expect(first.isGranted).toBe(true);
    // 23 hours for 46 calls.
    expect(spend(first.budget, mild, at(1.49))).toMatchObject({ isGranted: false, notBefore: at(1.5) });
    expect(spend(first.budget, mild, at(1.5)).isGranted).toBe(true);
    expect(spend(first.budget, urgent, at(1.01)).isGranted).toBe(true);
  });

  test("tells when the budget will be spent, unless it lasts", () => {
    expect(runsOutAt(left(250), at(6))).toEqual(at(12));
    expect(runsOutAt(left(450), at(6))).toBeNull();
    expect(runsOutAt(left(0), at(6))).toEqual(at(6));
    expect(runsOutAt(newBudget([minute], t0), t0)).toBeNull();
  });
});

describe("a provider that is down", () => {
  const down = { kind: "unavailable", reason: "can't be reached", retryAfterMs: undefined } as const;
  const fail = (budget: Budget, times: number, now: Date): Budget =>
    Array.from({ length: times }).reduce<Budget>((before) => failed(before, down, false, now), budget);

  test("is left alone from the fifth failure on; those under way make it no worse", () => {
    const budget = newBudget([], t0);
    expect(callsNow(fail(budget, 4, t0), t0).calls).toBe(Number.POSITIVE_INFINITY);
    expect(callsNow(fail(budget, 12, t0), t0).refusal).toMatchObject({
      reason: "can't be reached",
      notBefore: after(30),
    });
    const recovered = succeeded(fail(budget, 4, t0), "known", false, t0);
    expect(callsNow(fail(recovered, 4, t0), t0).refusal).toBeNull();
  });

  test("is tried by one at a time, after twice the rest each time, up to 15 minutes", () => {
    let budget = fail(newBudget([], t0), 5, t0);
    let now = after(30);
    const rests = [60, 120, 240, 480, 900, 900];
    for (const rest of rests) {
      const tried = spend(budget, null, now);
      expect(tried).toMatchObject({ isGranted: true, isProbe: true });
      expect(spend(tried.budget, null, now).isGranted).toBe(false);
      budget = failed(tried.budget, down, true, now);
      now = new Date(now.getTime() + rest * 1000);
      expect(callsNow(budget, new Date(now.getTime() - 1)).calls).toBe(0);
    }
    const tried = spend(budget, null, now);
    expect(callsNow(succeeded(tried.budget, "unknown", true, now), now).calls).toBe(Number.POSITIVE_INFINITY);
  });

  test("is tried by another when the one who tried was killed", () => {
    const tried = spend(fail(newBudget([], t0), 5, t0), null, after(30));
    expect(spend(tried.budget, null, after(89)).isGranted).toBe(false);
    expect(spend(tried.budget, null, after(90)).isGranted).toBe(true);
  });

  test("is not left alone for years when the clock was years ahead", () => {
    const future = new Date("2036-01-01T00:00:00Z");
    expect(spend(fail(newBudget([], t0), 5, future), null, t0).isGranted).toBe(true);
  });
});

test("an answer that comes late does not end the rest that a provider has asked for", () => {
  const exhausted = { kind: "quota", reason: "wait", retryAfterMs: 90_000 } as const;
  const resting = failed(newBudget([], t0), exhausted, false, t0);
  expect(callsNow(succeeded(resting, "known", false, t0), t0).refusal?.notBefore).toEqual(after(90));
});

test("a quota of which nobody says when it is back is tried after a minute, then twice as long each time, to midnight", () => {
  const exhausted = { kind: "quota", reason: "wait", retryAfterMs: undefined } as const;
  const late = new Date("2026-11-21T23:57:00Z");
  let budget = failed(newBudget([calendarDay], late), exhausted, false, late);
  expect(budget.notBefore).toEqual(new Date("2026-11-21T23:58:00Z"));
  budget = failed(budget, exhausted, true, new Date("2026-11-21T23:58:30Z"));
  expect(budget.notBefore).toEqual(new Date("2026-11-22T00:00:00Z"));
});
