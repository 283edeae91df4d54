import { describe, expect, test } from "vitest";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { extractAlert } from "../../src/extract/extract-alert.ts";
import { extractFor } from "../../src/extract/extract-for.ts";
import type { AlertSettings } from "../../src/domain/alert-settings.ts";

const said = (changes: Partial<AlertSettings>): AlertSettings => ({
  fields: null,
  severity: null,
  mode: null,
  note: null,
  ...changes,
});
const noRule = { fields: null, severity: null };
const rows = [
  [
    ["dest_ip", ["203.0.113.1"]],
    ["src_ip", ["203.0.113.2"]],
    ["victim", ["203.0.113.3"]],
  ],
] as const;
const config = { ...defaultExtract, otherFields: false };
const addresses = (settings: AlertSettings | null, rule: Parameters<typeof extractAlert>[2] = noRule) =>
  extractAlert({ rows, settings }, config, rule).map(({ ip }) => ip);

describe("whose word counts for an alert", () => {
  test("on fields: the rule for its search, then the alert, then the settings for all", () => {
    expect(addresses(null)).toEqual(["203.0.113.2"]);
    expect(addresses(said({ fields: ["dest_ip"] }))).toEqual(["203.0.113.1"]);
    expect(addresses(said({ fields: ["dest_ip"] }), { ...noRule, fields: ["victim"] })).toEqual([
      "203.0.113.3",
    ]);
    expect(addresses(said({ mode: "observe" }))).toEqual(["203.0.113.2"]);
  });

  test("on severity: the row, then the rule for its search, then the alert", () => {
    const two = [
      [["src_ip", ["203.0.113.2"]]],
      [
        ["src_ip", ["203.0.113.4"]],
        ["severity", ["low"]],
      ],
    ] as const;
    const severities = (rule: Parameters<typeof extractAlert>[2]) =>
      extractAlert({ rows: two, settings: said({ severity: "critical" }) }, config, rule).map(
        ({ severity }) => severity,
      );

    expect(severities(noRule)).toEqual(["critical", "low"]);
    // The rule's own word is added when it is decided.
    expect(severities({ ...noRule, severity: "medium" })).toEqual([null, "low"]);
  });

  test("the same fields are learnt once, however many alerts name them, and others do not fill the memory", () => {
    const first = extractFor(config, ["a", "b"]);

    expect(extractFor(config, ["a", "b"])).toBe(first);
    expect(extractFor(config, ["a,b"])).not.toBe(first);
    expect(extractFor({ ...config }, ["a", "b"])).not.toBe(first);
    for (let n = 0; n < 1000; n += 1) {
      extractFor(config, [`f${n}`]);
    }
    expect(extractFor(config, ["a", "b"])).not.toBe(first);
  });
});
