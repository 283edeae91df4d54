import { array, assert, asyncProperty, constantFrom, integer } from "fast-check";
import { describe, expect, test } from "vitest";
import { pullEvery } from "../../src/cli/pull-every.ts";
import { type PullWindow, secondOf, typedWindow } from "../../src/cli/pull-window.ts";
import { AppError } from "../../src/domain/errors.ts";

type Outcome = "works" | "away" | "wrong";

interface Course {
  readonly start: number;
  readonly from?: number | null;
  readonly every?: number;
  readonly lag?: number;
  /** Of the runs, one after the other; further ones work. */
  readonly outcomes?: readonly Outcome[];
  /** Stop after so many runs. */
  readonly runs: number;
  /** Seconds that each run takes. */
  readonly takes?: number;
}

async function follow({ start, from = null, every = 300, lag = 30, outcomes = [], runs, takes = 1 }: Course) {
  const stop = new AbortController();
  const seen: (PullWindow & { readonly startedAt: number; readonly outcome: Outcome })[] = [];
  const told: string[] = [];
  let now = start;
  await pullEvery({
    everySeconds: every,
    lagSeconds: lag,
    from,
    now: () => now,
    sleep(ms) {
      now += ms / 1000;
      return Promise.resolve();
    },
    run(window) {
      const outcome = outcomes[seen.length] ?? "works";
      seen.push({ ...window, startedAt: now, outcome });
      now += takes;
      if (seen.length >= runs) {
        stop.abort();
      }
      return outcome === "works"
        ? Promise.resolve()
        : Promise.reject(
            new AppError(outcome === "away" ? "SPLUNK_UNREACHABLE" : "SPLUNK_REJECTED", `is ${outcome}`, {
              retryable: outcome === "away",
            }),
          );
    },
    tell: (line) => told.push(line),
    stopSignal: stop.signal,
  });
  return { seen, told, windows: seen.map(({ earliest, latest }) => `${earliest}-${latest}`) };
}

describe("windows one after the other", () => {
  test("begin with the last whole one, and each is searched when its time and the lag are over", async () => {
    const { seen } = await follow({ start: 1_000_000, runs: 3 });

    expect(seen).toMatchObject([
      { earliest: "999600", latest: "999900", startedAt: 1_000_000 },
      { earliest: "999900", latest: "1000200", startedAt: 1_000_230 },
      { earliest: "1000200", latest: "1000500", startedAt: 1_000_530 },
    ]);
  });

  test("go back as far as is said, without waiting, and are the same as before a restart", async () => {
    const first = await follow({ start: 1_000_000, from: 999_000, runs: 4 });
    const second = await follow({ start: 1_000_077, from: 999_111, runs: 4 });

    expect(first.windows).toEqual(["999000-999300", "999300-999600", "999600-999900", "999900-1000200"]);
    expect(second.windows).toEqual(first.windows);
  });

  test("that Splunk could not be asked about are asked for again, for as long as it takes", async () => {
    const { windows, told } = await follow({
      start: 1_000_000,
      outcomes: ["away", "away", "away", "away", "away"],
      runs: 7,
    });

    expect(windows.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => "999600-999900"));
    expect(windows[6]).toBe("999900-1000200");
    expect(told).toHaveLength(5);
    expect(told[0]).toBe("is away\nthe window from 999600 to 999900 failed: will be tried again");
  });

  test("that can't be searched are left out after three tries, and it is said how to do it by hand", async () => {
    const { windows, told } = await follow({
      start: 1_000_000,
      outcomes: ["works", "wrong", "away", "wrong", "wrong", "wrong"],
      runs: 7,
    });

    expect(windows.slice(5)).toEqual(["999900-1000200", "1000200-1000500"]);
    expect(told.at(-1)).toContain(
      "left out after 3 tries; search it by hand with --earliest 999900 --latest 1000200",
    );
  });

  test("end at once when the very first can't be searched, ever", async () => {
    await expect(follow({ start: 1_000_000, outcomes: ["wrong"], runs: 2 })).rejects.toMatchObject({
      code: "SPLUNK_REJECTED",
    });
  });

  test("leave no gap and never overlap, whatever goes wrong", async () => {
    const outcome = constantFrom<Outcome[]>("works", "works", "away");
    await assert(
      asyncProperty(
        array(outcome),
        integer({ min: 10, max: 5000 }),
        integer({ min: 0, max: 100 }),
        integer({ min: 0, max: 2000 }),
        async (outcomes, every, lag, takes) => {
          const { seen } = await follow({
            start: 1_000_000,
            outcomes,
            every,
            lag,
            takes,
            runs: outcomes.length + 3,
          });

          const done = seen.filter((one) => one.outcome === "works");
          done.slice(1).forEach(({ earliest }, index) => {
            expect(earliest).toBe(done[index]?.latest);
          });
          for (const { latest, startedAt } of seen) {
            expect(startedAt).toBeGreaterThanOrEqual(Number(latest) + lag);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("times that were typed", () => {
  test.each([
    ["now", 1_760_000_000],
    ["-5m", 1_759_999_700],
    ["-90s", 1_759_999_910],
    ["-2h", 1_759_992_800],
    ["1750000000", 1_750_000_000],
    ["-1d", null],
    ["-1d@d", null],
    ["@h", null],
    ["-5", null],
    ["", null],
    ["rt", null],
  ])("%j is %j", (text, expected) => {
    expect(secondOf(text, 1_760_000_000)).toBe(expected);
  });

  test("name the same window again when they mean the same, and a new one when that can't be known", () => {
    const identity = (earliest: string, latest: string, now: number) =>
      typedWindow(earliest, latest, now).identity;

    expect(identity("-5m", "now", 1_760_000_300)).toBe(identity("1760000000", "1760000300", 1_770_000_000));
    expect(identity("-5m", "now", 1_760_000_300)).not.toBe(identity("-5m", "now", 1_760_000_301));
    expect(identity("@d", "now", 1_760_000_300)).not.toBe(identity("@d", "now", 1_760_000_301));
  });
});
