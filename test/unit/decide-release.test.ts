import { describe, expect, test } from "vitest";
import { manualDecision, releaseDecision } from "../../src/decide/release.ts";
import { forever } from "../../src/domain/block.ts";
import { abuseipdb, virustotal } from "../fakes/findings.ts";
import { after } from "../fakes/samples.ts";
import { attacker, decideOn, policyWith } from "./decide-desk.ts";

const hand = {
  actor: "ada",
  reason: "seen it <b>myself</b>",
  seconds: 3600,
  mode: "approve",
  now: after(600),
} as const;

describe("a hold that a person makes a block of", () => {
  const decision = decideOn([virustotal(2), abuseipdb(10)], { shadow: policyWith({ hold: [] }) });
  const release = releaseDecision({ hold: { decision }, ...hand });

  test("keeps what it was made of, and tells who has decided", () => {
    expect(decision).toMatchObject({ action: "hold", shadow: { action: "watch" } });
    expect(release).toEqual({
      ...decision,
      id: release.id,
      action: "block",
      holdCause: null,
      mode: "enforce",
      reasons: ["ada approved it: seen it <b>myself</b>", ...decision.reasons],
      shadow: null,
      actor: "ada",
      decidedAt: after(600),
      expiresAt: after(4200),
    });
  });

  test("is one decision of its own, whoever answers and when", () => {
    const other = releaseDecision({ hold: { decision }, ...hand, actor: "bob", now: after(900) });

    expect(release.id).toMatch(/^de_[0-9a-f]{32}$/);
    expect(release.id).not.toBe(decision.id);
    expect(other.id).toBe(release.id);
  });

  test("is enforced, but for mode observe", () => {
    const modeIn = (mode: "observe" | "approve" | "enforce") =>
      releaseDecision({ hold: { decision }, ...hand, mode }).mode;

    expect([modeIn("observe"), modeIn("approve"), modeIn("enforce")]).toEqual([
      "observe",
      "enforce",
      "enforce",
    ]);
  });
});

describe("a block by hand", () => {
  const manual = manualDecision({
    ...hand,
    alertId: "al_9",
    ip: attacker,
    policyVersion: "sha256:0123456789ab",
    seconds: Number.POSITIVE_INFINITY,
    reason: "",
  });

  test("needs no finding and no rule", () => {
    expect(manual).toMatchObject({
      alertId: "al_9",
      ip: attacker,
      action: "block",
      reasons: ["ada blocked it by hand"],
      rule: null,
      mode: "enforce",
      findings: [],
      actor: "ada",
      expiresAt: forever,
    });
  });

  test("is one for each alert and address, and never one of a policy", () => {
    const other = manualDecision({ ...hand, alertId: "al_8", ip: attacker, policyVersion: "" });

    expect(manual.id).toMatch(/^de_[0-9a-f]{32}$/);
    expect(other.id).not.toBe(manual.id);
    expect(decideOn([], { alertId: "al_9" }).id).not.toBe(manual.id);
  });
});
