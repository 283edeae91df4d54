import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { describeFinding } from "../../src/decide/describe-finding.ts";
import { policyVersion } from "../../src/decide/policy-version.ts";
import { failed, known, unknown, virustotal } from "../fakes/findings.ts";

describe("the policy's version", () => {
  test("is the same for the same policy, however it is written", () => {
    const rules = [{ virustotal: { malicious: 2 }, abuseipdb: { score: 50 } }];
    const turned = [{ abuseipdb: { score: 50 }, virustotal: { malicious: 2 } }];

    expect(defaultPolicy.version).toMatch(/^sha256:[0-9a-f]{12}$/);
    expect(policyVersion({ ...defaultPolicy, block: rules })).toBe(
      policyVersion({ ...defaultPolicy, block: turned }),
    );
    expect(policyVersion(defaultPolicy)).toBe(defaultPolicy.version);
  });

  test.each([
    { block: [] },
    { block: defaultPolicy.block.toReversed() },
    { hold: [] },
    { blockSeconds: 1 },
    { holdSeconds: 1 },
    { graceSeconds: 1 },
    { blockSeconds: Number.POSITIVE_INFINITY },
    { aggregate: { ipv4Neighbours: 4, ipv6Length: 128 } as const },
    { aggregate: { ipv4Neighbours: null, ipv6Length: 64 } as const },
  ])("changes with %j", (change) => {
    expect(policyVersion({ ...defaultPolicy, ...change })).not.toBe(defaultPolicy.version);
  });
});

describe("a finding in words", () => {
  test.each([
    [virustotal(1), "VirusTotal: 1 of 94 engines calls it malicious"],
    [known("abuseipdb", { score: 7 }), "AbuseIPDB: abuse score 7 of 100"],
    [known("abuseipdb", { score: 7, reports: 2 }), "AbuseIPDB: abuse score 7 of 100, 2 reports"],
    [known("virustotal", { reputation: -3 }), "VirusTotal: reputation -3"],
    [known("newcomer", { noise: 3 }), "newcomer: noise 3"],
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
