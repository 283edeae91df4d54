import { describe, expect, test } from "vitest";
import { createFakeQuota, type FakeLimits } from "../fakes/intel-quota.ts";
import { after, t0 } from "../fakes/samples.ts";

describe("the budget of a stand-in", () => {
  /** @returns what was granted at each of the moments */
  function granted(limits: FakeLimits, moments: readonly Date[], dayStartMs = 0): readonly boolean[] {
    const clock = { now: t0 };
    const quota = createFakeQuota(limits, () => clock.now, dayStartMs);
    return moments.map((moment) => {
      clock.now = moment;
      return quota.take() === null;
    });
  }

  test("counts any 60 seconds", () => {
    const moments = [0, 30, 59, 60, 60, 90].map(after);

    expect(granted({ minute: 2 }, moments)).toEqual([true, true, false, true, false, true]);
  });

  test.each([
    ["2026-11-21T23:59:59Z", "2026-11-22T00:00:00Z", 0, true],
    ["2026-11-21T23:59:59Z", "2026-11-22T00:00:00Z", 5, false],
    ["2026-11-22T04:59:59Z", "2026-11-22T05:00:00Z", 5, true],
  ])("a day that begins %s / %s + %d h", (first, second, startHour, isGranted) => {
    const moments = [new Date(first), new Date(first), new Date(second)];

    expect(granted({ day: 1 }, moments, startHour * 3_600_000)).toEqual([true, false, isGranted]);
  });

  test("a month begins on its first", () => {
    const moments = ["2026-11-30T23:59:59Z", "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z"];

    expect(
      granted(
        { month: 1 },
        moments.map((text) => new Date(text)),
      ),
    ).toEqual([true, false, true]);
  });

  test("what was refused is not paid", () => {
    const quota = createFakeQuota({ day: 1 }, () => t0);
    quota.take();

    expect(quota.take()).toEqual({ resetsAt: new Date("2026-11-22T00:00:00Z") });
    expect(quota.used("day")).toBe(1);
    expect(quota.refused()).toBe(1);
  });
});
