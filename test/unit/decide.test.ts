import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, type DecideInput } from "../../src/decide/decide.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { policyVersion } from "../../src/decide/policy-version.ts";
import type { Block } from "../../src/domain/block.ts";
import type { Decision } from "../../src/domain/decision.ts";
import type { Finding } from "../../src/domain/finding.ts";
import { parseIpPrefix } from "../../src/domain/ip-address.ts";
import type { Policy } from "../../src/domain/policy.ts";
import type { Standing } from "../../src/ports.ts";
import { abuseipdb, failed, known, unknown, virustotal } from "../fakes/findings.ts";
import { after, ip, prefix, t0 } from "../fakes/samples.ts";

const attacker = ip("203.0.113.45");
const oneDay = 86_400;

const block: Block = {
  id: "bl_1",
  prefix: prefix("203.0.113.45/32"),
  mode: "enforce",
  groups: null,
  decisionId: "de_1",
  createdAt: t0,
  expiresAt: after(600),
};

const nothingStands = { block: null, heldUntil: null, graceUntil: null };

function decideOn(findings: readonly Finding[], changes: Partial<DecideInput> = {}): Decision {
  return decide({
    alertId: "al_1",
    ip: attacker,
    count: 57,
    findings,
    policy: defaultPolicy,
    providers: ["virustotal", "abuseipdb"],
    mode: "enforce",
    protectedReason: null,
    standing: nothingStands,
    now: t0,
    ...changes,
  });
}

function withRules(changes: Partial<Policy>): Policy {
  const policy = { ...defaultPolicy, ...changes };
  return { ...policy, version: policyVersion(policy) };
}

describe("the default policy", () => {
  test.each([
    [[virustotal(5)], "block", "virustotal.malicious >= 5"],
    [[virustotal(4)], "hold", "virustotal.malicious >= 2"],
    [[virustotal(2)], "hold", "virustotal.malicious >= 2"],
    [[virustotal(1)], "watch", null],
    [[abuseipdb(90)], "block", "abuseipdb.score >= 90"],
    [[abuseipdb(89)], "hold", "abuseipdb.score >= 50"],
    [[abuseipdb(50)], "hold", "abuseipdb.score >= 50"],
    [[abuseipdb(49)], "watch", null],
    [[virustotal(2), abuseipdb(50)], "block", "virustotal.malicious >= 2 and abuseipdb.score >= 50"],
    [[abuseipdb(50), virustotal(2)], "block", "virustotal.malicious >= 2 and abuseipdb.score >= 50"],
    [[virustotal(2), abuseipdb(49)], "hold", "virustotal.malicious >= 2"],
    [[virustotal(1), abuseipdb(89)], "hold", "abuseipdb.score >= 50"],
    [[virustotal(8), failed("abuseipdb")], "block", "virustotal.malicious >= 5"],
    [[virustotal(4), failed("abuseipdb")], "hold", "virustotal.malicious >= 2"],
    [[virustotal(4), unknown("abuseipdb")], "hold", "virustotal.malicious >= 2"],
    [[failed("virustotal"), failed("abuseipdb")], "watch", null],
    [[unknown("virustotal"), unknown("abuseipdb")], "watch", null],
    [[known("virustotal", { suspicious: 60 }), known("abuseipdb", { reports: 9000 })], "watch", null],
    [[known("other", { malicious: 60, score: 100 })], "watch", null],
    [[], "watch", null],
  ] as const)("%#: decides as the rules say", (findings, action, rule) => {
    expect(decideOn(findings)).toMatchObject({ action, rule });
  });
});

describe("a decision", () => {
  test("carries everything that explains it", () => {
    const findings = [virustotal(8), abuseipdb(30)];

    expect(decideOn(findings)).toEqual({
      id: decideOn([]).id,
      alertId: "al_1",
      ip: attacker,
      action: "block",
      reasons: [
        "VirusTotal: 8 of 94 engines call it malicious (rule: at least 5)",
        "AbuseIPDB: abuse score 30 of 100, 41 reports by 12 reporters",
        "Splunk counted 57 events",
      ],
      rule: "virustotal.malicious >= 5",
      policyVersion: defaultPolicy.version,
      mode: "enforce",
      findings,
      actor: "policy",
      decidedAt: t0,
      expiresAt: after(oneDay),
    });
  });

  test("has one id per alert and address", () => {
    const { id } = decideOn([]);

    expect(id).toMatch(/^de_[0-9a-f]{32}$/);
    expect(decideOn([virustotal(8)], { mode: "observe", now: after(9) }).id).toBe(id);
    expect(decideOn([], { alertId: "al_2" }).id).not.toBe(id);
    expect(decideOn([], { ip: ip("203.0.113.46") }).id).not.toBe(id);
  });

  test.each(["observe", "enforce"] as const)("to block is one in mode %s too", (mode) => {
    expect(decideOn([virustotal(8)], { mode })).toMatchObject({ action: "block", mode });
  });

  test("ends when the policy says", () => {
    const policy = withRules({ blockSeconds: 60, holdSeconds: 30 });

    expect(decideOn([virustotal(8)], { policy }).expiresAt).toEqual(after(60));
    expect(decideOn([virustotal(2)], { policy }).expiresAt).toEqual(after(30));
    expect(decideOn([virustotal(0)], { policy }).expiresAt).toBeNull();
  });

  test("to watch says what every provider said", () => {
    const findings = [failed("virustotal", "VirusTotal: quota exhausted, wait 60 s"), unknown("abuseipdb")];

    expect(decideOn(findings).reasons).toEqual([
      "no rule holds",
      "VirusTotal: failed (quota exhausted, wait 60 s)",
      "AbuseIPDB: unknown (no data about it)",
    ]);
  });

  test("without a provider says that nothing can be confirmed", () => {
    const { action, reasons } = decideOn([], { providers: [] });

    expect(action).toBe("watch");
    expect(reasons.join()).toContain("no provider is configured");
  });
});

describe("what stands already", () => {
  test("a protected address is ignored, whatever is said about it", () => {
    const decision = decideOn([virustotal(90), abuseipdb(100)], {
      protectedReason: "10.0.0.0/8 is private (RFC 1918)",
      standing: { ...nothingStands, block },
    });

    expect(decision).toMatchObject({ action: "ignore", rule: null, expiresAt: null });
    expect(decision.reasons).toEqual(["protected: 10.0.0.0/8 is private (RFC 1918)"]);
  });

  test("a blocked address is ignored until its block ends", () => {
    const standing = { ...nothingStands, block };

    expect(decideOn([virustotal(8)], { standing })).toMatchObject({
      action: "ignore",
      reasons: ["already blocked until 2026-11-21T09:10:00.000Z"],
    });
    expect(decideOn([virustotal(8)], { standing, now: after(600) }).action).toBe("block");
  });

  test("an address that a person let out is watched until its grace ends", () => {
    const standing = { ...nothingStands, graceUntil: after(600) };

    expect(decideOn([virustotal(8)], { standing }).action).toBe("watch");
    expect(decideOn([virustotal(8)], { standing }).reasons.join()).toContain("2026-11-21T09:10:00.000Z");
    expect(decideOn([virustotal(8)], { standing, now: after(600) }).action).toBe("block");
  });

  test("the reason names the network that was let out when it is wider than the address", () => {
    const network = parseIpPrefix("203.0.113.0/24");
    const reasonsOf = (standing: Standing) => decideOn([virustotal(8)], { standing }).reasons.join();
    const standing = { ...nothingStands, graceUntil: after(600) };

    expect(reasonsOf(standing)).toMatch(/^a person lifted its block;/);
    expect(reasonsOf({ ...standing, ...(network === undefined ? {} : { letOut: network }) })).toMatch(
      /^a person lifted the block on 203\.0\.113\.0\/24; alerts can't block it before/,
    );
  });

  test("a held address is not held again, but can be blocked", () => {
    const standing = { ...nothingStands, heldUntil: after(600) };

    expect(decideOn([virustotal(2)], { standing }).action).toBe("ignore");
    expect(decideOn([virustotal(2)], { standing, now: after(600) }).action).toBe("hold");
    expect(decideOn([virustotal(8)], { standing }).action).toBe("block");
    expect(decideOn([virustotal(8)], { standing, mode: "approve" }).action).toBe("ignore");
    expect(decideOn([virustotal(0)], { standing }).action).toBe("watch");
  });

  test("in mode approve a person must approve every block", () => {
    const decision = decideOn([virustotal(8)], { mode: "approve" });

    expect(decision).toMatchObject({ action: "hold", rule: "virustotal.malicious >= 5" });
    expect(decision.expiresAt).toEqual(after(oneDay));
    expect(decision.reasons.join()).toContain("a person must approve");
  });
});

describe("rules", () => {
  const everything = [virustotal(60), abuseipdb(100)];

  test.each([
    [{}],
    [{ virustotal: {} }],
    [{ virustotal: { malicious: 5 }, abuseipdb: {} }],
    [{ virustotal: { malicious: Number.NaN } }],
    [{ virustotal: { constructor: 0 } }],
    [{ constructor: { name: 0 } }],
    [{ virustotal: { malicious: 61 } }],
    [{ virustotal: { malicious: 5, absent: 0 } }],
  ])("%j holds for nobody", (rule) => {
    const policy = withRules({ block: [rule], hold: [] });

    expect(decideOn(everything, { policy }).action).toBe("watch");
  });

  test("are asked in their order, blocks before holds", () => {
    const policy = withRules({
      block: [{ abuseipdb: { score: 100 } }, { virustotal: { malicious: 1 } }],
      hold: [{ virustotal: { malicious: 1 } }],
    });

    expect(decideOn(everything, { policy })).toMatchObject({
      action: "block",
      rule: "abuseipdb.score >= 100",
    });
  });

  test("name each number that they ask for", () => {
    const policy = withRules({
      block: [{ virustotal: { malicious: 5, suspicious: 1 }, abuseipdb: { reports: 40 } }],
    });

    expect(decideOn(everything, { policy }).reasons).toEqual([
      "VirusTotal: 60 of 94 engines call it malicious (rule: at least 5)",
      "VirusTotal: 1 of 94 engines calls it suspicious (rule: at least 1)",
      "AbuseIPDB: reports 41 (rule: at least 40)",
      "Splunk counted 57 events",
    ]);
  });

  const provider = fc.constantFrom("virustotal", "abuseipdb", "other");
  const rule = fc.dictionary(
    provider,
    fc.dictionary(fc.constantFrom("malicious", "score", "toString"), fc.integer()),
  );
  const rules = fc.array(rule, { maxLength: 4 });

  test("unknown and failed findings never lead to a block or a hold, whatever the rules", () => {
    const silent = fc.oneof(
      provider.map(unknown),
      provider.map((name) => failed(name)),
    );
    fc.assert(
      fc.property(rules, rules, fc.array(silent), (block, hold, findings) => {
        const { action } = decideOn(findings, { policy: withRules({ block, hold }) });

        expect(action).toBe("watch");
      }),
    );
  });

  test("a protected address is never blocked or held, whatever else", () => {
    const findings = fc.array(fc.oneof(fc.nat(94).map(virustotal), fc.nat(100).map(abuseipdb)));
    const mode = fc.constantFrom("observe", "approve", "enforce");
    fc.assert(
      fc.property(rules, findings, mode, (block, given, mode) => {
        const changes = { policy: withRules({ block }), mode, protectedReason: "it is ours" } as const;

        expect(decideOn(given, changes).action).toBe("ignore");
      }),
    );
  });
});
