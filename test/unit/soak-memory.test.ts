import { expect, test } from "vitest";
import { judgeMemory, plotMemory } from "../bench/soak-memory.ts";

/** One reading every 10 s for 10 minutes. */
const readings = (megabytesAt: (minute: number) => number) =>
  Array.from({ length: 60 }, (_, n) => ({
    seconds: n * 10,
    megabytes: megabytesAt(n / 6),
    heldMegabytes: 0,
    waiting: 0,
  }));

test.each([
  { name: "level", of: () => 150, isFlat: true },
  { name: "that breathes", of: (minute: number) => 150 + 20 * Math.sin(minute * 7), isFlat: true },
  {
    name: "that grows at the start alone",
    of: (minute: number) => 100 + Math.min(100, minute * 50),
    isFlat: true,
  },
  { name: "that grows all the time", of: (minute: number) => 150 + minute * 8, isFlat: false },
  { name: "that jumps in the end", of: (minute: number) => (minute < 7 ? 150 : 200), isFlat: false },
])("memory $name is flat: $isFlat", ({ of, isFlat }) => {
  expect(judgeMemory(readings(of)).isFlat).toBe(isFlat);
});

test("the plot has a row per tenth, the highest at the top", () => {
  const rows = plotMemory(readings((minute) => 10 + minute)).split("\n");

  expect(rows).toHaveLength(10);
  expect(rows[0]).toMatch(/^ {3}20 MB \| +#+$/);
  expect(rows[9]).toMatch(/^ {4}2 MB \|#{60}$/);
});
