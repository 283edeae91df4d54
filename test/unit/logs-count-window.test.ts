import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCountWindow } from "../../src/ingest/logs/count-window.ts";
import type { LogEvent, LogKind } from "../../src/ingest/logs/log-event.ts";
import { ip as address } from "./notify-stories.ts";

const never = Number.POSITIVE_INFINITY;
const windowOf = (threshold: number, windowSeconds: number, mostAddresses?: number) =>
  createCountWindow({
    windowSeconds,
    thresholds: { "failed-login": threshold, "web-attack": threshold, request: never },
    ...(mostAddresses === undefined ? {} : { mostAddresses }),
  });
const event = (seconds: number, ip = "203.0.113.9", more: Partial<LogEvent> = {}): LogEvent => ({
  ip: address(ip),
  atMs: seconds * 1000,
  kind: "failed-login",
  count: 1,
  user: null,
  detail: null,
  ...more,
});

describe("an address goes over the threshold", () => {
  test("with as many events within the window, and not with one fewer", () => {
    const window = windowOf(3, 60);

    expect([0, 30, 59].map((at) => window.add(event(at))?.count)).toEqual([undefined, undefined, 3]);
    expect(window.findings()).toMatchObject([{ ip: "203.0.113.9", count: 3, firstMs: 0, lastMs: 59_000 }]);
  });

  test("and not when the first is as old as the window", () => {
    const window = windowOf(3, 60);

    expect([0, 30, 60].map((at) => window.add(event(at)))).toEqual([undefined, undefined, undefined]);
    expect(window.findings()).toEqual([]);
    expect(window.busiestBelow()).toMatchObject({ ip: "203.0.113.9", count: 3 });
    expect(window.add(event(61))?.firstMs).toBe(30_000);
  });

  test("once, and again after a window without it", () => {
    const window = windowOf(2, 60);
    const crossed = [0, 1, 2, 3, 100, 101].map((at) => window.add(event(at)) !== undefined);

    expect(crossed).toEqual([false, true, false, false, false, true]);
    expect(window.findings()).toMatchObject([{ count: 6, firstMs: 0, lastMs: 101_000 }]);
  });

  test("with one event that counts for several", () => {
    expect(windowOf(5, 60).add(event(0, "203.0.113.9", { count: 5 }))).toMatchObject({ count: 5 });
  });

  test("by itself, and for each kind by itself", () => {
    const window = windowOf(2, 60);
    window.add(event(0));
    window.add(event(0, "203.0.113.10"));

    expect(window.add(event(0, "203.0.113.9", { kind: "web-attack" }))).toBeUndefined();
    expect(window.add(event(0, "203.0.113.9", { kind: "request", count: 1000 }))).toBeUndefined();
    expect(window.add(event(0))?.ip).toBe("203.0.113.9");
    expect(window.below).toBe(2);
  });

  test("names that were tried are kept, a few and short", () => {
    const window = windowOf(1, 60);
    for (const user of ["root", "root", "a", "b", "c", "x".repeat(1000), "e"]) {
      window.add(event(0, "203.0.113.9", { user }));
    }

    expect(window.findings()[0]?.names).toEqual(["root", "a", "b", "c", "x".repeat(64)]);
  });

  test("though an older log is read after a newer one, or two clocks are mixed", () => {
    const older = windowOf(3, 60);
    const mixed = windowOf(3, 60);
    const crossedOlder = [1000, 0, 1, 2].map((at) => older.add(event(at)) !== undefined);
    const crossedMixed = [1000, 0, 1001, 1, 1002, 2].map((at) => mixed.add(event(at)) !== undefined);

    expect(crossedOlder).toEqual([false, false, false, true]);
    expect(crossedMixed).toEqual([false, false, false, false, true, false]);
  });
});

test("it counts as a list of all events would", () => {
  const times = fc.array(
    fc.record({
      step: fc.integer({ min: -20, max: 40 }),
      count: fc.integer({ min: 1, max: 3 }),
      who: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(
      times,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 21, max: 90 }),
      (steps, threshold, windowSeconds) => {
        const window = windowOf(threshold, windowSeconds);
        const seen = new Map<string, { at: number; count: number }[]>();
        const isOver = new Map<string, boolean>();
        let now = 1_000_000;
        for (const { step, count, who } of steps) {
          now += step;
          const ip = `203.0.113.${who}`;
          const all = seen.get(ip) ?? [];
          const newest = Math.max(now, ...all.map(({ at }) => at));
          // One before the window belongs to another clock.
          if (now <= newest - windowSeconds) {
            now = newest;
          }
          all.push({ at: now, count });
          seen.set(ip, all);
          const inWindow = all
            .filter(({ at }) => at > newest - windowSeconds)
            .reduce((sum, { count }) => sum + count, 0);
          const crossed = inWindow >= threshold && isOver.get(ip) !== true;
          isOver.set(ip, inWindow >= threshold);

          expect(window.add(event(now, ip, { count })) !== undefined).toBe(crossed);
        }
      },
    ),
    { numRuns: 300 },
  );
});

describe("memory is bounded", () => {
  test("of too many addresses those that were silent the longest make room", () => {
    const window = windowOf(2, 3600, 100);
    window.add(event(0, "203.0.113.9"));
    for (let n = 0; n < 1000; n += 1) {
      window.add(event(n, `198.51.${n >> 8}.${n & 255}`));
      if (n % 20 === 0) {
        window.add(event(n, "203.0.113.9"));
      }
    }

    expect(window.below + window.forgotten).toBe(1000);
    expect(window.below).toBeLessThanOrEqual(100);
    expect(window.findings().map(({ ip }) => ip)).toEqual(["203.0.113.9"]);
  });

  test("a large threshold is counted in coarser steps, and still never too early", () => {
    const kinds: Record<LogKind, number> = { "failed-login": 1000, "web-attack": never, request: never };
    const window = createCountWindow({ windowSeconds: 1000, thresholds: kinds });
    const crossed = Array.from({ length: 3000 }, (_, at) => window.add(event(at * 1.25)) !== undefined);
    const dense = createCountWindow({ windowSeconds: 1000, thresholds: kinds });
    const first = Array.from({ length: 3000 }, (_, at) => dense.add(event(at * 0.9)) !== undefined).indexOf(
      true,
    );

    expect(crossed).not.toContain(true);
    expect(first).toBe(999);
  });
});
