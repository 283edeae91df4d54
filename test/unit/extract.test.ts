import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ExtractConfig } from "../../src/config/config.ts";
import type { Row, Sighting } from "../../src/domain/alert.ts";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { extractSightings } from "../../src/extract/extract-sightings.ts";
import { readSplunkPayload } from "../../src/ingest/splunk-payload.ts";
import { t0 } from "../fakes/samples.ts";

type Fields = Readonly<Record<string, string | readonly string[]>>;

function extract(rows: readonly Fields[], changes: Partial<ExtractConfig> = {}): readonly Sighting[] {
  return extractSightings({ rows: rows.map(rowOf) }, { ...defaultExtract, ...changes });
}

function rowOf(fields: Fields): Row {
  return Object.entries(fields).map(([field, value]) => [field, typeof value === "string" ? [value] : value]);
}

function addressesIn(value: string | readonly string[], field: string): readonly string[] {
  return extract([{ [field]: value }]).map((sighting) => sighting.ip);
}

describe("which fields are read", () => {
  test.each([
    "src_ip",
    "SRC_IP",
    "Src Ip",
    "src-ip",
    "values(src_ip)",
    "list(src)",
    "first(clientip)",
    "latest(client_ip)",
    "Authentication.src",
    "values(All_Traffic.src_ip)",
    "data{}.ip",
    "source.ip",
  ])("%s counts as configured", (field) => {
    expect(addressesIn("203.0.113.5:443", field)).toEqual(["203.0.113.5"]);
  });

  test.each([
    "dest",
    "dest_ip",
    "Destination IP",
    "values(dest_ip)",
    "destination.ip",
    "Authentication.dest",
    "host",
    "host.ip",
    "splunk_server",
    "_raw",
    "_si",
    "dvc_ip",
    "server_addr",
    "src_translated_ip",
    "x_forwarded_for",
    "user",
    "app_version",
    "local_address",
    "agent.ip",
    "values(host)",
  ])("%s is never read", (field) => {
    expect(addressesIn("203.0.113.5", field)).toEqual([]);
  });

  test("a field that is never read is read when it is configured", () => {
    const sightings = extract([{ dest: "203.0.113.5", _raw: "203.0.113.6" }], { fields: ["dest", "_raw"] });

    expect(sightings.map((sighting) => sighting.ip)).toEqual(["203.0.113.5", "203.0.113.6"]);
  });

  test("any other field counts when its whole value is an address", () => {
    expect(addressesIn("203.0.113.5", "bad guy")).toEqual(["203.0.113.5"]);
    expect(addressesIn(["x", " 2001:db8::1\n"], "bad guy")).toEqual(["2001:db8::1"]);
    expect(addressesIn("203.0.113.5:443", "bad guy")).toEqual([]);
    expect(addressesIn("203.0.113.5 or so", "bad guy")).toEqual([]);
  });

  test("other fields can be left out", () => {
    expect(extract([{ "bad guy": "203.0.113.5" }], { otherFields: false })).toEqual([]);
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "", "*", "a".repeat(200)])(
    "the name %j does no harm",
    (field) => {
      const rows: Row[] = [[[field, ["203.0.113.5"]]]];

      expect(extractSightings({ rows }, { ...defaultExtract, neverFields: [] })).toHaveLength(1);
    },
  );

  test.each([
    ["a*", "ab", true],
    ["a*", "ba", false],
    ["*a", "ba", true],
    ["*a*", "bab", true],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "acb", false],
    ["ab*ba", "aba", false],
    ["*", "anything", true],
    ["a", "ab", false],
  ])("the pattern %s leaves out %s: %s", (pattern, field, isLeftOut) => {
    const sightings = extract([{ [field]: "203.0.113.5" }], { fields: [], neverFields: [pattern] });

    expect(sightings).toHaveLength(isLeftOut ? 0 : 1);
  });
});

describe("order", () => {
  test("follows the configured fields, then the others, then the rows", () => {
    const sightings = extract([
      { zzz: "203.0.113.9", ip: "203.0.113.8", src: "203.0.113.2" },
      { src_ip: "203.0.113.1", src: "203.0.113.3" },
    ]);

    expect(sightings.map((sighting) => sighting.ip)).toEqual([
      "203.0.113.1",
      "203.0.113.2",
      "203.0.113.3",
      "203.0.113.8",
      "203.0.113.9",
    ]);
  });

  test("names every field in which the address stood, the most telling first", () => {
    const [sighting] = extract([
      { zzz: "203.0.113.5", clientip: "203.0.113.5", src_ip: "203.0.113.5:22" },
      { "values(src)": "203.0.113.5", src_ip: "203.0.113.5" },
    ]);

    expect(sighting).toEqual({
      ip: "203.0.113.5",
      count: 2,
      fields: ["src_ip", "clientip", "zzz", "values(src)"],
      severity: null,
    });
  });
});

describe("the number of events", () => {
  test.each([
    [{ count: "57" }, 57],
    [{ Count: " 57 " }, 57],
    [{ count: "57.000" }, 57],
    [{ "count(src_ip)": "3" }, 3],
    [{ "sum(count)": "12" }, 12],
    [{ attempts: "9", zzz: "4" }, 9],
    [{ failures: "4", count: "5" }, 5],
    [{ count: ["x", "6"] }, 6],
    [{}, 1],
    [{ count: "" }, 1],
    [{ count: "0" }, 1],
    [{ count: "-5" }, 1],
    [{ count: "many" }, 1],
    [{ count: "0x10" }, 1],
    [{ "dc(src_ip)": "7" }, 1],
    [{ count: "99999999999999999999" }, 1_000_000_000],
    [{ count: "9".repeat(299) }, 1_000_000_000],
    [{ count: "9".repeat(100_000) }, 1],
  ] as const)("of %j is %d", (fields: Fields, count) => {
    expect(extract([{ src_ip: "203.0.113.5", ...fields }])).toMatchObject([{ count }]);
  });

  test("adds up over the rows, and stays a safe integer", () => {
    const row = { src_ip: "203.0.113.5", count: "5" };

    expect(extract([row, row, { src_ip: "203.0.113.5" }])).toMatchObject([{ count: 11 }]);
    expect(extract([row, { ...row, count: String(Number.MAX_SAFE_INTEGER) }])).toMatchObject([
      { count: 1_000_000_000 },
    ]);
  });

  test("counts once for an address in several fields of a row, and for each address of a row", () => {
    const sightings = extract([{ src_ip: "203.0.113.5,203.0.113.6", src: "203.0.113.5", count: "4" }]);

    expect(sightings.map(({ count }) => count)).toEqual([4, 4]);
  });
});

describe("sample alerts", () => {
  test.each([
    ["scheduled", [["203.0.113.45", 57]]],
    ["per-result-1", [["198.51.100.23", 212]]],
    ["per-result-2", [["198.51.100.77", 31]]],
    ["real-time", [["192.0.2.88", 1]]],
    ["search-head-cluster", [["203.0.113.99", 1843]]],
    ["unsaved-search", [["198.51.100.200", 9]]],
    ["null-result", []],
    [
      "multivalue",
      [
        ["203.0.113.61", 24],
        ["203.0.113.62", 24],
        ["198.51.100.61", 24],
      ],
    ],
    ["ipv6", [["2001:db8:45::bad:cafe", 112]]],
    ["raw-event", [["198.51.100.9", 1]]],
    [
      "forked-action",
      [
        ["203.0.113.71", 18],
        ["203.0.113.72", 41],
        ["198.51.100.73", 6],
      ],
    ],
    ["numeric-sid", [["203.0.113.101", 5]]],
  ])("%s", (name, expected) => {
    const file = join(import.meta.dirname, "../fixtures/splunk", `${name}.json`);
    const alert = readSplunkPayload(JSON.parse(readFileSync(file, "utf8")), {
      receivedAt: t0,
      source: "test",
    });

    const sightings = extractSightings(alert, defaultExtract);

    expect(sightings.map((sighting) => [sighting.ip, sighting.count])).toEqual(expected);
  });
});
