import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { describeFinding } from "../../src/decide/describe-finding.ts";
import { policyVersion } from "../../src/decide/policy-version.ts";
import { failed, known, unknown, virustotal } from "../fakes/findings.ts";
import { least, policyWith, rule, stale, withEvidence } from "./decide-desk.ts";

describe("the policy's version", () => {
  test("is the same for the same policy, however it is written", () => {
    const malicious = least("virustotal.malicious", 2);
    const score = least("abuseipdb.score", 50);
    const written = rule([malicious, score], { quorum: { least: 1, of: [[malicious, score], [score]] } });
    const turned = rule([score, malicious], { quorum: { least: 1, of: [[score], [score, malicious]] } });

    expect(defaultPolicy.version).toMatch(/^sha256:[0-9a-f]{12}$/);
    expect(policyWith({ block: [written] }).version).toBe(policyWith({ block: [turned] }).version);
    expect(policyVersion(defaultPolicy)).toBe(defaultPolicy.version);
    expect(policyVersion({ ...defaultPolicy, hints: turnedHints })).toBe(defaultPolicy.version);
  });

  const [first = rule([])] = defaultPolicy.block;
  const { cdn, ...otherHints } = defaultPolicy.hints;
  const turnedHints = { ...otherHints, cdn };
  const sightings = { events: 2, seconds: 60 };

  test.each([
    { block: [] },
    { block: defaultPolicy.block.toReversed() },
    { block: [{ ...first, sightings }, ...defaultPolicy.block.slice(1)] },
    { block: [{ ...first, quorum: { least: 1, of: [first.conditions] } }, ...defaultPolicy.block.slice(1)] },
    { hold: [] },
    { sightings },
    { hints: { ...defaultPolicy.hints, tor: "none" } as const },
    { blockSeconds: [1] },
    { blockSeconds: defaultPolicy.blockSeconds.toReversed() },
    { blockSeconds: [Number.POSITIVE_INFINITY] },
    { forgetSeconds: 1 },
    { holdSeconds: 1 },
    { graceSeconds: 1 },
    { unavailable: { action: "hold", seconds: 604_800 } } as const,
    { unavailable: { action: "wait", seconds: 1 } } as const,
    { staleSeconds: 1 },
    { aggregate: { ipv4Neighbours: 4, ipv6Length: 128 } as const },
    { aggregate: { ipv4Neighbours: null, ipv6Length: 64 } as const },
  ])("changes with %j", (change) => {
    expect(policyWith(change).version).not.toBe(defaultPolicy.version);
  });
});

describe("a finding in words", () => {
  test.each([
    [virustotal(1), "VirusTotal: 1 of 94 engines calls it malicious"],
    [known("abuseipdb", { score: 7 }), "AbuseIPDB: abuse score 7 of 100"],
    [known("abuseipdb", { score: 7, reports: 2 }), "AbuseIPDB: abuse score 7 of 100, 2 reports"],
    [known("virustotal", { reputation: -3 }), "VirusTotal: reputation -3"],
    [known("newcomer", { noise: 3 }), "newcomer: noise 3"],
    [known("greynoise", { malicious: 1, noise: 1 }), "GreyNoise: calls it malicious"],
    [known("greynoise", { malicious: 0, noise: 1 }), "GreyNoise: does not call it malicious"],
    [known("greynoise", { noise: 1 }), "GreyNoise: has seen it scan the internet"],
    [known("spamhaus-drop", { listed: 1 }), "Spamhaus DROP: lists its network"],
    [
      withEvidence(known("abuseipdb", { score: 7 }), { hints: ["tor", "mobile"] }),
      "AbuseIPDB: abuse score 7 of 100, it is a Tor exit, it belongs to a mobile network, with many people behind one address",
    ],
    [
      stale(unknown("virustotal")),
      "VirusTotal: unknown (no data about it) (stale: found 2026-11-21 09:00 UTC)",
    ],
    [known("toString", {}), "toString: no numbers"],
    [
      failed("virustotal", "VirusTotal can't be reached (ECONNREFUSED)"),
      "VirusTotal: failed (can't be reached (ECONNREFUSED))",
    ],
    [unknown("abuseipdb"), "AbuseIPDB: unknown (no data about it)"],
  ])("%#: %s", (finding, words) => {
    expect(describeFinding(finding)).toBe(words);
  });
});
