import { describe, expect, test } from "vitest";
import { createListIndex } from "../../src/enrich/list-index.ts";
import { localFindings } from "../../src/enrich/local-findings.ts";
import type { ListedNetwork, PrefixListRecord } from "../../src/ports.ts";
import { after, ip, prefix, t0 } from "../fakes/samples.ts";

const day = 86_400;
const sources = [
  { name: "spamhaus-drop-v4", usableSeconds: 7 * day },
  { name: "spamhaus-drop-v6", usableSeconds: 7 * day },
  { name: "abuseipdb-blacklist", usableSeconds: 2 * day },
  { name: "cloudflare", usableSeconds: Number.POSITIVE_INFINITY },
];

function record(name: string, networks: readonly ListedNetwork[]): PrefixListRecord {
  return { name, etag: null, version: "2026-11-20T06:00:00.000Z", networks, fetchedAt: t0, checkedAt: t0 };
}

const listed = (network: string, note: string): ListedNetwork => ({ prefix: prefix(network), note });

const records = [
  record("spamhaus-drop-v4", [listed("203.0.113.0/24", "SBL123456"), listed("198.51.100.0/25", "<b>x</b>")]),
  record("spamhaus-drop-v6", [listed("2001:db8::/32", "SBL7")]),
  record("abuseipdb-blacklist", [
    listed("203.0.113.45/32", "100,2026-11-19T20:55:14.000Z"),
    listed("192.0.2.1/32", "99,"),
    listed("192.0.2.2/32", "what is this"),
  ]),
  record("cloudflare", [listed("192.0.2.0/24", "Cloudflare")]),
  record("gone", [listed("192.0.2.0/24", "SBL1")]),
];
const index = createListIndex(records, sources);
const about = (text: string, now = t0) => localFindings(ip(text), index, now);

describe("what lists on this machine say", () => {
  test("an address in Spamhaus DROP is listed, with its record and the credit", () => {
    expect(about("2001:db8:45::1")).toEqual([
      {
        status: "known",
        provider: "spamhaus-drop",
        ip: "2001:db8:45::1",
        foundAt: t0,
        expiresAt: after(7 * day),
        evidence: {
          numbers: { listed: 1 },
          times: {},
          hints: [],
          asn: null,
          facts: [
            ["Listed as", "SBL7"],
            ["Network", "2001:db8::/32"],
            ["Source", "Spamhaus DROP of 2026-11-20, © The Spamhaus Project"],
          ],
          link: "https://check.spamhaus.org/sbl/query/SBL7",
        },
      },
    ]);
  });

  test("an address on AbuseIPDB's blacklist has its score and last report, and perhaps more", () => {
    const [, finding] = about("203.0.113.45");

    expect(finding).toMatchObject({
      provider: "abuseipdb",
      expiresAt: after(2 * day),
      evidence: {
        numbers: { score: 100 },
        times: { reported: new Date("2026-11-19T20:55:14.000Z") },
        facts: [
          ["Listed in", "AbuseIPDB blacklist of 2026-11-20T06:00:00.000Z"],
          ["Last reported", "2026-11-19T20:55:14.000Z"],
        ],
        link: "https://www.abuseipdb.com/check/203.0.113.45",
        isPartial: true,
      },
    });
  });

  test.each([
    ["203.0.113.45", ["spamhaus-drop", "abuseipdb"]],
    ["203.0.113.255", ["spamhaus-drop"]],
    ["203.0.114.0", []],
    ["198.51.100.127", ["spamhaus-drop"]],
    ["198.51.100.128", []],
    ["192.0.2.1", ["abuseipdb"]],
    ["192.0.2.2", []],
    ["192.0.2.3", []],
    ["2001:db9::", []],
  ])("about %s: %j", (text, providers) => {
    expect(about(text).map(({ provider }) => provider)).toEqual(providers);
  });

  test("a record that is none of Spamhaus's is in no link", () => {
    const [finding] = about("198.51.100.1");

    expect(finding).toMatchObject({
      evidence: { link: "https://check.spamhaus.org/results/?query=198.51.100.1" },
    });
  });

  test.each([
    [2 * day - 1, ["spamhaus-drop", "abuseipdb"]],
    [2 * day, ["spamhaus-drop"]],
    [7 * day, []],
    [-300 * day, ["spamhaus-drop", "abuseipdb"]],
  ])("%d s after the lists were checked: %j", (seconds, providers) => {
    expect(about("203.0.113.45", after(seconds)).map(({ provider }) => provider)).toEqual(providers);
  });

  test("a list that nobody wants any more, or that is never too old, is told so by the index", () => {
    const listings = index(ip("192.0.2.9"), after(100 * 365 * day));

    expect(listings.map(({ list, note }) => [list, note])).toEqual([["cloudflare", "Cloudflare"]]);
  });

  test("a look-up in 12,000 networks takes microseconds", () => {
    const networks = Array.from({ length: 12_000 }, (_, number) =>
      listed(`${20 + (number >> 12)}.${(number >> 4) & 255}.${(number & 15) * 16}.0/24`, "100,"),
    );
    const large = createListIndex(
      ["spamhaus-drop-v4", "abuseipdb-blacklist"].map((name) => record(name, networks)),
      sources,
    );
    const addresses = networks.map(({ prefix }) => ip(prefix.replace("0/24", "7")));
    const startedAt = performance.now();

    const found = addresses.filter((address) => localFindings(address, large, t0).length === 2);

    expect(found).toHaveLength(12_000);
    expect((performance.now() - startedAt) / 12_000).toBeLessThan(0.2);
  });
});
