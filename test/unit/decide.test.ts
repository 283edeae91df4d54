import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { type Block, forever } from "../../src/domain/block.ts";
import { parseIpPrefix } from "../../src/domain/ip-address.ts";
import type { Standing } from "../../src/ports.ts";
import { abuseipdb, failed, known, unknown, virustotal } from "../fakes/findings.ts";
import { after, ip, prefix, t0 } from "../fakes/samples.ts";
import { attacker, decideOn, nothingStands, oneDay, policyWith } from "./decide-desk.ts";

const block: Block = {
  id: "bl_1",
  prefix: prefix("203.0.113.45/32"),
  mode: "enforce",
  groups: null,
  decisionId: "de_1",
  createdAt: t0,
  expiresAt: after(600),
};

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
    [[known("spamhaus-drop", { listed: 1 })], "block", "spamhaus-drop.listed >= 1"],
    [[known("greynoise", { malicious: 1, noise: 1 })], "watch", null],
    [[], "watch", null],
  ] as const)("%#: decides as the rules say", (findings, action, rule) => {
    expect(decideOn(findings)).toMatchObject({
      action,
      rule,
      holdCause: action === "hold" ? "rule" : null,
    });
  });
});

describe("a decision", () => {
  test("carries everything that explains it", () => {
    const findings = [virustotal(8), abuseipdb(30)];

    expect(decideOn(findings, { inputs: { activity: [{ seconds: 600, events: 60 }] } })).toEqual({
      id: decideOn([]).id,
      alertId: "al_1",
      ip: attacker,
      action: "block",
      holdCause: null,
      reasons: [
        "VirusTotal: 8 of 94 engines call it malicious (rule: at least 5)",
        "AbuseIPDB: abuse score 30 of 100, 41 reports by 12 reporters",
        "Splunk counted 57 events",
      ],
      rule: "virustotal.malicious >= 5",
      policyVersion: defaultPolicy.version,
      mode: "enforce",
      findings,
      inputs: {
        searchName: "SSH brute force",
        severity: "medium",
        count: 57,
        activity: [{ seconds: 600, events: 60 }],
        offences: 0,
        missing: [],
      },
      shadow: null,
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
    const policy = policyWith({ blockSeconds: [60], holdSeconds: 30 });
    const permanent = policyWith({ blockSeconds: [Number.POSITIVE_INFINITY] });

    expect(decideOn([virustotal(8)], { policy }).expiresAt).toEqual(after(60));
    expect(decideOn([virustotal(2)], { policy }).expiresAt).toEqual(after(30));
    expect(decideOn([virustotal(0)], { policy }).expiresAt).toBeNull();
    expect(decideOn([virustotal(8)], { policy: permanent }).expiresAt).toEqual(forever);
  });

  test("to watch says what every provider said, and who could not be asked", () => {
    const findings = [failed("virustotal", "VirusTotal: quota exhausted, wait 60 s"), unknown("abuseipdb")];

    expect(decideOn(findings, { inputs: { missing: ["greynoise"] } }).reasons).toEqual([
      "no rule holds",
      "VirusTotal: failed (quota exhausted, wait 60 s)",
      "AbuseIPDB: unknown (no data about it)",
      "GreyNoise: could not be asked",
    ]);
  });

  test("without a provider says that nothing can be confirmed", () => {
    const { action, reasons } = decideOn([], { providers: [] });

    expect(action).toBe("watch");
    expect(reasons.join()).toContain("no provider is configured");
    expect(decideOn([known("spamhaus-drop", { listed: 1 })], { providers: [] }).action).toBe("block");
  });
});

describe("what stands already", () => {
  test("a protected address is ignored, whatever is said about it", () => {
    const decision = decideOn([virustotal(90), abuseipdb(100)], {
      protectedReason: "10.0.0.0/8 is private (RFC 1918)",
      standing: { ...nothingStands, block },
    });

    expect(decision).toMatchObject({ action: "ignore", rule: null, holdCause: null, expiresAt: null });
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

    expect(decideOn([virustotal(2)], { standing })).toMatchObject({ action: "ignore", holdCause: null });
    expect(decideOn([virustotal(2)], { standing, now: after(600) }).action).toBe("hold");
    expect(decideOn([virustotal(8)], { standing }).action).toBe("block");
    expect(decideOn([virustotal(8)], { standing, mode: "approve" }).action).toBe("ignore");
    expect(decideOn([virustotal(0)], { standing }).action).toBe("watch");
  });

  test("in mode approve a person must approve every block", () => {
    const decision = decideOn([virustotal(8)], { mode: "approve" });

    expect(decision).toMatchObject({
      action: "hold",
      holdCause: "approve",
      rule: "virustotal.malicious >= 5",
    });
    expect(decision.expiresAt).toEqual(after(oneDay));
    expect(decision.reasons.join()).toContain("a person must approve");
    expect(decideOn([virustotal(2)], { mode: "approve" }).holdCause).toBe("rule");
  });
});

describe("a provider that could not be asked", () => {
  const hold = policyWith({ unavailable: { action: "hold", seconds: 900 } });
  const missing = { missing: ["virustotal"] };

  test("makes a hold where the policy wants that, and its answer might have made a block", () => {
    const decision = decideOn([abuseipdb(49)], { policy: hold, inputs: missing });

    expect(decision).toMatchObject({ action: "hold", holdCause: "provider", rule: null });
    expect(decision.reasons).toEqual([
      "VirusTotal could not be asked for 15m: a person must decide",
      "AbuseIPDB: abuse score 49 of 100, 41 reports by 12 reporters",
    ]);
    expect(decideOn([abuseipdb(49)], { policy: hold, inputs: missing, isFinal: false }).action).toBe("watch");
    expect(decideOn([abuseipdb(49)], { inputs: missing }).action).toBe("watch");
  });

  test("makes none where its answer would have changed nothing", () => {
    const both = policyWith({ ...hold, block: defaultPolicy.block.slice(2, 3) });

    expect(decideOn([abuseipdb(50)], { policy: { ...both, hold: [] }, inputs: missing }).action).toBe("hold");
    expect(decideOn([abuseipdb(49)], { policy: both, inputs: missing }).action).toBe("watch");
    expect(decideOn([virustotal(8)], { policy: hold, inputs: missing }).action).toBe("block");
    expect(decideOn([virustotal(1)], { policy: hold }).action).toBe("watch");
  });
});

describe("a shadow policy", () => {
  const shadow = policyWith({ block: [] });

  test("is recorded only when it wants something else", () => {
    expect(decideOn([virustotal(8)], { shadow }).shadow).toEqual({
      action: "hold",
      rule: "virustotal.malicious >= 2",
      reasons: expect.arrayContaining([expect.stringContaining("8 of 94 engines")]),
      policyVersion: shadow.version,
    });
    expect(decideOn([virustotal(4)], { shadow }).shadow).toBeNull();
  });

  test("is not asked about what no policy decides, and a standing hold is no difference", () => {
    const graced = { ...nothingStands, graceUntil: after(600) };
    const held = { ...nothingStands, heldUntil: after(600) };

    expect(decideOn([virustotal(8)], { shadow, protectedReason: "ours" }).shadow).toBeNull();
    expect(decideOn([virustotal(8)], { shadow, standing: { ...nothingStands, block } }).shadow).toBeNull();
    expect(decideOn([virustotal(8)], { shadow, standing: graced }).shadow).toBeNull();
    expect(decideOn([virustotal(4)], { shadow, standing: held }).shadow).toBeNull();
  });

  test("changes nothing in the decision", () => {
    const { shadow: _other, ...decision } = decideOn([virustotal(8)], { shadow });
    const { shadow: _none, ...alone } = decideOn([virustotal(8)]);

    expect(decision).toEqual(alone);
  });
});
