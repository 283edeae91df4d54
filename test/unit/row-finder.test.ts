import { describe, expect, test } from "vitest";
import type { Row } from "../../src/domain/alert.ts";
import { createRowFinder } from "../../src/ingest/row-finder.ts";

const row = (fields: Readonly<Record<string, string | readonly string[]>>): Row =>
  Object.entries(fields).map(([field, value]) => [field, typeof value === "string" ? [value] : value]);

const attacker = row({ src_ip: "203.0.113.9", count: "57" });

describe("a delivered row among Splunk's", () => {
  test.each([
    ["the same", attacker],
    ["in another order", row({ count: "57", src_ip: "203.0.113.9" })],
    ["with more of Splunk's own fields", row({ src_ip: "203.0.113.9", count: "57", _mkv_child: "0" })],
    ["with another form of the time", row({ src_ip: "203.0.113.9", count: "57", _time: "2025-10-09" })],
    ["with an empty field", row({ src_ip: "203.0.113.9", count: "57", user: "" })],
  ])("is found: %s", (_name, told) => {
    const finder = createRowFinder([
      row({ src_ip: "203.0.113.9", count: "57", _time: "1760000399.1", dest: "" }),
    ]);

    expect(finder.take(told)).toBe(true);
    expect(finder.hasSeen(attacker)).toBe(true);
  });

  test.each([
    ["another address", row({ src_ip: "203.0.113.10", count: "57" })],
    ["a field less", row({ src_ip: "203.0.113.9" })],
    ["another number", row({ src_ip: "203.0.113.9", count: "58" })],
  ])("is not found: %s", (_name, told) => {
    const finder = createRowFinder([attacker]);

    expect(finder.take(told)).toBe(false);
    expect(finder.hasSeen(attacker)).toBe(false);
  });

  test("a forged field beside genuine ones is no genuine row, whatever its name begins with", () => {
    const forged = [
      row({ src_ip: "203.0.113.9", count: "57", attacker_ip: "198.51.100.1" }),
      row({ src_ip: "203.0.113.9", count: "57", _attacker: "198.51.100.1" }),
      row({ src_ip: "203.0.113.9", count: "57", _raw: "from 198.51.100.1" }),
    ];
    const finder = createRowFinder(forged);

    finder.take(attacker);

    expect(forged.map((one) => finder.hasSeen(one))).toEqual([false, false, false]);
  });

  test("a list is the same as its values on lines, as older versions write them", () => {
    const finder = createRowFinder([row({ user: ["root", "admin"] })]);

    expect(finder.take(row({ user: "root\nadmin" }))).toBe(true);
  });

  test("each delivered row stands for one of Splunk's", () => {
    const finder = createRowFinder([attacker, row({ src_ip: "203.0.113.9", count: "57", dest: "" })]);

    expect([finder.take(attacker), finder.take(attacker), finder.take(attacker)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("one that says less than Splunk is genuine, but stands for no row: or rows would be kept away by it", () => {
    const part = row({ count: "57" });
    const finder = createRowFinder([part, part]);

    expect(finder.take(attacker)).toBe(false);
    expect(finder.hasSeen(part)).toBe(true);
  });

  test("fifty thousand rows of different fields take no longer than a few", () => {
    const names = Array.from({ length: 16 }, (_, n) => `field_${n}`);
    const some = (n: number) =>
      row(Object.fromEntries(names.filter((_, bit) => (n >> bit) & 1).map((name) => [name, "x"])));
    const finder = createRowFinder([attacker, ...Array.from({ length: 50_000 }, (_, n) => some(n + 1))]);
    const whole = row({ ...Object.fromEntries(names.map((name) => [name, "x"])), src_ip: "203.0.113.9" });
    const begun = performance.now();

    for (let n = 0; n < 100; n += 1) {
      finder.take(whole);
    }

    expect(performance.now() - begun).toBeLessThan(2000);
    expect(finder.take(attacker)).toBe(true);
  });

  test("a row that says nothing is like no other", () => {
    const nothing = row({ _time: "1760000399.1" });
    const finder = createRowFinder([nothing]);

    expect(finder.take(attacker)).toBe(false);
    expect(finder.hasSeen(nothing)).toBe(false);
  });
});
