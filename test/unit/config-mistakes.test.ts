import { expect, test } from "vitest";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();

const duration = "expected a duration like 90s, 30m, 24h or 7d";
const accusing =
  "at least one of virustotal.malicious, virustotal.suspicious, abuseipdb.score, abuseipdb.reports, abuseipdb.reporters, greynoise.malicious, spamhaus-drop.listed";

/** Each line of the file, with what is told about it. */
const lines: readonly (readonly [line: string, column?: number, told?: string])[] = [
  ["policy:"],
  ["  block:"],
  [
    "    - virustotal: { malcious: 5 }",
    21,
    "policy.block[0].virustotal: unknown key malcious; did you mean malicious?",
  ],
  [
    "    - abuseipdb: { score: 101 }",
    27,
    "policy.block[1].abuseipdb.score: expected a whole number from 1 to 100",
  ],
  ["    - greynois: { malicious: 1 }", 7, "policy.block[2]: unknown key greynois; did you mean greynoise?"],
  ["    - greynoise: { malicious: 2 }", 31, "policy.block[3].greynoise.malicious: expected 1"],
  [
    "    - virustotal: { harmless: 5 }",
    7,
    `policy.block[4]: this rule would hold for innocent addresses: it needs ${accusing}, or a quorum`,
  ],
  [
    "    - abuseipdb: { score: 5, reportedWithin: 30 }",
    46,
    `policy.block[5].abuseipdb.reportedWithin: ${duration}, from 1s to 3650d`,
  ],
  [
    "    - { quorum: 3, of: [{ virustotal: { malicious: 1 } }] }",
    17,
    "policy.block[6].quorum: expected at most 1, the number of items in `of`",
  ],
  [
    "    - { quorum: 1, of: [{ virustotal: { harmless: 1 } }] }",
    25,
    `policy.block[7].of[0]: this would hold for innocent addresses: it needs ${accusing}`,
  ],
  [
    "    - { quorum: 2, abuseipdb: { score: 1 } }",
    17,
    "policy.block[8].quorum: needs `of`: the list of which so many must hold",
  ],
  [
    "    - { of: [{ abuseipdb: { score: 1 } }] }",
    13,
    "policy.block[9].of: needs `quorum`: how many of these must hold",
  ],
  ["    - { quorum: 1, of: [] }", 24, "policy.block[10].of: expected at least one item"],
  [
    "    - { quorum: 2, of: [{ abuseipdb: { score: 1 } }, { abuseipdb: { score: 1 } }] }",
    54,
    "policy.block[11].of[1]: is the same as of[0] and would count twice",
  ],
  [
    "    - { abuseipdb: { score: 5 }, sightings: { events: 2 } }",
    45,
    `policy.block[12].sightings.within: is missing: ${duration}, from 1s to 3650d`,
  ],
  ["    - { spamhaus-drop: { listed: yes } }", 34, "policy.block[13].spamhaus-drop.listed: expected 1"],
  ["  hold:"],
  [
    "    - {}",
    7,
    `policy.hold[0]: this rule would hold for innocent addresses: it needs ${accusing}, or a quorum`,
  ],
  [
    "  sightings: { events: 0, within: 10m }",
    24,
    "policy.sightings.events: expected a whole number from 1 to 1000000",
  ],
  ["  forgetAfter: never", 16, `policy.forgetAfter: ${duration}, from 1s to 3650d`],
  [
    "  hints: { cdn: block, tro: 1h }",
    17,
    "policy.hints.cdn: expected hold, watch, none, or the longest time of a block like 30m or 1h",
  ],
  [
    "  unavailable: { then: panic }",
    24,
    "policy.unavailable.then: expected one of wait, decide-without, hold",
  ],
  ["  useStaleFor: 5", 16, `policy.useStaleFor: ${duration}, from 0s to 3650d`],
  ["  aggregate: { ipv6: 56 }", 22, "policy.aggregate.ipv6: expected 64 or 128"],
  [
    "shadow: { duration: 7d, escalation: [1d, 2d, 1d] }",
    38,
    "shadow.escalation[0]: expected no less than the first block (`duration`)",
  ],
  [
    "limits: { perMinute: 0, perHours: 5 }",
    22,
    "limits.perMinute: expected a whole number from 1 to 10000000, or none",
  ],
  ["searches:"],
  ['  - { name: "A", mode: enforced }', 24, "searches[0].mode: expected one of observe, approve, enforce"],
  [
    '  - { name: "B", severity: bad }',
    28,
    "searches[1].severity: expected one of low, medium, high, critical",
  ],
  [
    '  - { name: "C", policy: { block: [{ abuseipdb: { score: 0 } }] } }',
    58,
    "searches[2].policy.block[0].abuseipdb.score: expected a whole number from 1 to 100",
  ],
  [
    '  - { name: "D", policy: { duration: 2d, escalation: [1d] } }',
    55,
    "searches[3].policy.escalation[0]: expected no less than the first block (`duration`)",
  ],
  ["findings: { keepUnknwon: 1h }", 13, "findings: unknown key keepUnknwon; did you mean keepUnknown?"],
  ["providers:"],
  [
    "  virustotal: { enabled: true, perMinute: four }",
    43,
    "providers.virustotal.perMinute: expected a whole number from 1 to 1000000",
  ],
  ["lists: { spamhausDrop: on }", 24, "lists.spamhausDrop: expected true or false"],
  ["protection: { crawlers: [googelbot] }", 26, "protection.crawlers[0]: expected one of googlebot, bingbot"],
  ["allowlist:"],
  [
    "  - 203.0.113.7/24",
    5,
    "allowlist[0]: expected an IP address or a network like 203.0.113.0/24 with no host bits set",
  ],
  [
    "  - { network: 203.0.113.8, expires: 2027-02-30 }",
    38,
    "allowlist[1].expires: expected a date like 2027-01-31, or a time with its zone like 2027-01-31T18:00:00Z",
  ],
  [
    "  - { reason: ours }",
    5,
    "allowlist[2].network: is missing: expected an IP address or a network like 203.0.113.0/24 with no host bits set",
  ],
  [
    "  - { network: 203.0.113.9, until: 2027-01-01 }",
    29,
    "allowlist[3]: unknown key until; known here: network, reason, owner, expires",
  ],
  [
    "  - { network: 203.0.113.9, expires: 2027-01-01T00:00:00 }",
    38,
    "allowlist[4].expires: expected a date like 2027-01-31, or a time with its zone like 2027-01-31T18:00:00Z",
  ],
  ["extract: { severityFields: urgency }", 28, "extract.severityFields: expected a list"],
];

/** Second mistakes on lines of the list above, by how the line starts. */
const more: readonly (readonly [start: string, column: number, told: string])[] = [
  ["  hints:", 24, "policy.hints: unknown key tro; did you mean tor?"],
  ["shadow:", 46, "shadow.escalation[2]: expected no less than the step before it"],
  ["limits:", 25, "limits: unknown key perHours; did you mean perHour?"],
];

test("every mistake of a file full of them is told, each with its line and column", async () => {
  desk.put("portcullis.yaml", lines.map(([line]) => `${line}\n`).join(""));

  const problems = await desk.problemsOf();

  const expected = [
    ...lines.flatMap(([line, column, told]) => (column === undefined ? [] : [[line, column, told] as const])),
    ...more,
  ].map(([start, column, told]) => {
    const line = lines.findIndex(([text]) => text.startsWith(start)) + 1;
    return `portcullis.yaml:${line}:${column}: ${told}`;
  });
  expect(expected.length).toBeGreaterThan(30);
  expect(problems.toSorted()).toEqual(expected.toSorted());
});

test("a provider that is enabled without the key that it needs is told", async () => {
  desk.put("portcullis.yaml", "providers:\n  virustotal: { enabled: true }\n");

  expect(await desk.problemsOf()).toEqual([
    "portcullis.yaml:2:26: providers.virustotal.enabled: it can't be asked without a key; set VIRUSTOTAL_API_KEY",
  ]);
});
