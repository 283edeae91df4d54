import { describe, expect, test } from "vitest";

import { prefix } from "../fakes/samples.ts";
import { longestSeconds, plan, secondsUntil } from "../../src/enforce/plan.ts";

const now = new Date("2026-11-20T12:00:00Z");

function block(text: string, seconds: number) {
  return { prefix: prefix(text), expiresAt: new Date(now.getTime() + seconds * 1000) };
}

function holding(...entries: readonly (readonly [string, number])[]) {
  return { entries: new Map(entries.map(([text, seconds]) => [prefix(text), seconds])) };
}

describe("plan", () => {
  test("adds what is missing, with the time that is left", () => {
    const changes = plan([block("203.0.113.5/32", 3600)], holding(), now);

    expect(changes).toEqual([{ kind: "add", prefix: "203.0.113.5/32", seconds: 3600 }]);
  });

  test("removes what should not be there", () => {
    const changes = plan(
      [],
      holding(["198.51.100.0/24", 10], ["2001:db8::1/128", Number.POSITIVE_INFINITY]),
      now,
    );

    expect(changes).toEqual([
      { kind: "remove", prefix: "198.51.100.0/24" },
      { kind: "remove", prefix: "2001:db8::1/128" },
    ]);
  });

  test.each([
    { actual: 3600, changes: 0 },
    { actual: 3595, changes: 0 },
    { actual: 3594, changes: 1 },
    { actual: 3630, changes: 0 },
    { actual: 3631, changes: 1 },
    { actual: 0, changes: 1 },
    { actual: Number.POSITIVE_INFINITY, changes: 1 },
  ])("an entry that ends in $actual s instead of 3600 makes $changes changes", ({ actual, changes }) => {
    expect(plan([block("203.0.113.5/32", 3600)], holding(["203.0.113.5/32", actual]), now)).toHaveLength(
      changes,
    );
  });

  test("of several blocks on one network the longest counts", () => {
    const changes = plan([block("203.0.113.5/32", 60), block("203.0.113.5/32", 600)], holding(), now);

    expect(changes).toEqual([{ kind: "add", prefix: "203.0.113.5/32", seconds: 600 }]);
  });

  test("a block that is over is not added", () => {
    expect(plan([block("203.0.113.5/32", 0)], holding(), now)).toEqual([]);
  });

  test("a block longer than the kernel can count is put off once a day, not every minute", () => {
    const long = [block("203.0.113.5/32", 10_000_000)];

    expect(plan(long, holding(), now)).toMatchObject([{ seconds: longestSeconds }]);
    expect(plan(long, holding(["203.0.113.5/32", longestSeconds - 86_400]), now)).toEqual([]);
    expect(plan(long, holding(["203.0.113.5/32", longestSeconds - 86_401]), now)).toHaveLength(1);
  });

  test("part of a second counts as a whole one", () => {
    expect(secondsUntil(now.getTime() + 1, now)).toBe(1);
  });

  test("compares 100,000 blocks in a time that grows with their number", () => {
    const blocks = Array.from({ length: 100_000 }, (_, i) =>
      block(`60.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`, 3600),
    );
    const state = { entries: new Map(blocks.map((one) => [one.prefix, 3600])) };

    const start = performance.now();
    const changes = plan(blocks, state, now);

    expect(changes).toEqual([]);
    // About 0.1 s; each with each would take minutes.
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
