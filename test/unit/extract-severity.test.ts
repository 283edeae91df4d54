import { describe, expect, test } from "vitest";
import type { ExtractConfig } from "../../src/config/config.ts";
import type { Row, Sighting } from "../../src/domain/alert.ts";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { extractFor } from "../../src/extract/extract-for.ts";
import { extractSightings } from "../../src/extract/extract-sightings.ts";

type Fields = Readonly<Record<string, string | readonly string[]>>;

function extract(rows: readonly Fields[], changes: Partial<ExtractConfig> = {}): readonly Sighting[] {
  return extractSightings({ rows: rows.map(rowOf) }, { ...defaultExtract, ...changes });
}

function rowOf(fields: Fields): Row {
  return Object.entries(fields).map(([field, value]) => [field, typeof value === "string" ? [value] : value]);
}

describe("the severity", () => {
  test.each([
    ["informational", "low"],
    ["info", "low"],
    ["low", "low"],
    ["Medium", "medium"],
    ["moderate", "medium"],
    [" HIGH ", "high"],
    ["critical", "critical"],
    ["fatal", "critical"],
    ["3", null],
    ["", null],
    ["unknown", null],
    ["highly", null],
    ["constructor", null],
    [`${"x ".repeat(200)}high`, null],
  ])("%j is %s", (severity, expected) => {
    expect(extract([{ src_ip: "203.0.113.5", severity }])).toMatchObject([{ severity: expected }]);
  });

  test.each([
    "severity",
    "Severity",
    "urgency",
    "max(severity)",
    "values(notable.urgency)",
    "Notable.severity",
  ])("is read from %s", (field) => {
    expect(extract([{ src_ip: "203.0.113.5", [field]: "high" }])).toMatchObject([{ severity: "high" }]);
  });

  test("is null when no row says anything", () => {
    expect(extract([{ src_ip: "203.0.113.5", risk: "high" }])).toMatchObject([{ severity: null }]);
  });

  test("is the worst of all fields and values of a row, and of separated words in one value", () => {
    const row = { src_ip: "203.0.113.5", severity: ["low", "high", "medium"] };

    expect(extract([row])).toMatchObject([{ severity: "high" }]);
    expect(extract([{ ...row, urgency: "critical" }])).toMatchObject([{ severity: "critical" }]);
    expect(extract([{ ...row, severity: "low\nmedium,low" }])).toMatchObject([{ severity: "medium" }]);
  });

  test("is the worst of the rows that name the address, and not of others", () => {
    const rows = [
      { src_ip: "203.0.113.5", severity: "high" },
      { src_ip: "203.0.113.5", severity: "low" },
      { src_ip: "203.0.113.5" },
      { src_ip: "203.0.113.6", severity: "critical" },
    ];

    expect(extract(rows).map(({ severity }) => severity)).toEqual(["high", "critical"]);
    expect(extract(rows.toReversed()).map(({ severity }) => severity)).toEqual(["critical", "high"]);
  });

  test("is read from other fields when they are configured", () => {
    const row = { src_ip: "203.0.113.5", severity: "high", risk_level: "medium" };

    expect(extract([row], { severityFields: ["Risk Level"] })).toMatchObject([{ severity: "medium" }]);
    expect(extract([row], { severityFields: [] })).toMatchObject([{ severity: null }]);
  });

  test("does not take the place of an address or a count", () => {
    const row = { src_ip: "203.0.113.5", count: "7" };

    expect(extract([row], { severityFields: ["src_ip", "count"] })).toMatchObject([
      { ip: "203.0.113.5", count: 7, severity: null },
    ]);
  });
});

describe("other fields for some searches", () => {
  const row = { src_ip: "203.0.113.5", attacker: "203.0.113.6:22", dest: "203.0.113.7" };

  test("take the place of the configured ones", () => {
    const config = extractFor({ ...defaultExtract, otherFields: false }, ["attacker", "dest"]);

    expect(extractSightings({ rows: [rowOf(row)] }, config).map(({ ip }) => ip)).toEqual([
      "203.0.113.6",
      "203.0.113.7",
    ]);
  });

  test("are the same object each time, and none changes nothing", () => {
    const fields = ["attacker"];

    expect(extractFor(defaultExtract, null)).toBe(defaultExtract);
    expect(extractFor(defaultExtract, fields)).toBe(extractFor(defaultExtract, fields));
    expect(extractFor(defaultExtract, ["other"])).not.toBe(extractFor(defaultExtract, fields));
  });
});
