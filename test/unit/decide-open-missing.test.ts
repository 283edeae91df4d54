import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { openProviders, type OpenQuestion } from "../../src/decide/open-providers.ts";
import type { Finding } from "../../src/domain/finding.ts";
import { knownProviders } from "../../src/domain/provider-terms.ts";
import { abuseipdb, failed, known } from "../fakes/findings.ts";
import { after, t0 } from "../fakes/samples.ts";
import { decideOn, least, policyWith, rule, tried, withEvidence } from "./decide-desk.ts";

const providers = (["virustotal", "abuseipdb"] as const).map((name) => ({
  ...knownProviders[name],
  isOptional: false,
}));
const failedThrice = (provider: string): Finding => tried(failed(provider), 3);

function ask(findings: readonly Finding[], changes: Partial<OpenQuestion> = {}) {
  return openProviders({ policy: defaultPolicy, providers, findings, activity: [], now: t0, ...changes });
}

const openOn = (findings: readonly Finding[], changes: Partial<OpenQuestion> = {}) =>
  ask(findings, changes).open;

describe("a provider that has failed about the address", () => {
  test("a third failure counts until it expires, and its provider is missing", () => {
    const findings = [failedThrice("virustotal"), abuseipdb(10)];

    expect(ask(findings, { now: after(59) })).toMatchObject({ open: [], failed: ["virustotal"] });
    expect(ask(findings, { now: after(60) })).toMatchObject({ open: ["virustotal"], failed: [] });
    // Found by a clock that was wrong.
    expect(ask(findings, { now: after(-301) })).toMatchObject({ open: ["virustotal"], failed: [] });
  });

  test("who has failed for good is missing only where a better rule needs him", () => {
    const late = failedThrice("virustotal");

    expect(ask([late, known("spamhaus-drop", { listed: 1 })]).failed).toEqual([]);
    expect(ask([late, abuseipdb(95)]).failed).toEqual([]);
    expect(ask([late, failed("abuseipdb")])).toMatchObject({ open: ["abuseipdb"], failed: ["virustotal"] });
    expect(ask([failed("virustotal"), abuseipdb(10)]).failed).toEqual([]);
    expect(ask([late], { policy: policyWith({ sightings: { events: 2, seconds: 60 } }) }).failed).toEqual([]);
  });

  test("makes a person decide where the policy says so", () => {
    const findings = [failedThrice("virustotal"), abuseipdb(10)];
    const policy = policyWith({ unavailable: { ...defaultPolicy.unavailable, action: "hold" } });
    const { failed: missing } = ask(findings, { policy });

    expect(decideOn(findings, { policy, inputs: { missing } })).toMatchObject({
      action: "hold",
      holdCause: "provider",
      reasons: expect.arrayContaining(["VirusTotal gave no answer that can be used: a person must decide"]),
    });
  });
});

describe("what came from the look-up of a whole network", () => {
  const found = (score: number): Finding =>
    withEvidence(known("abuseipdb", { score }), { isPartial: true, isFromNetwork: true });
  const alone = policyWith({ block: [rule([least("abuseipdb.score", 90)])], hold: [] });

  test("blocks nobody: the address is asked about alone", () => {
    expect(ask([found(95)], { policy: alone })).toMatchObject({ open: ["abuseipdb"], closeness: 1 });
    expect(decideOn([found(95)], { policy: alone }).action).toBe("watch");
    expect(decideOn([abuseipdb(95)], { policy: alone }).action).toBe("block");
  });

  test("clears an address, and brings it to a person", () => {
    const held = policyWith({ block: [], hold: [rule([least("abuseipdb.score", 50)])] });

    expect(openOn([found(89)], { policy: alone })).toEqual([]);
    expect(openOn([found(60)], { policy: held })).toEqual([]);
    expect(decideOn([found(60)], { policy: held }).action).toBe("hold");
  });

  test("takes nothing from what a list says, nor from what the provider itself says", () => {
    const listed = withEvidence(known("abuseipdb", { score: 100 }), { isPartial: true });

    expect(decideOn([found(95), listed], { policy: alone }).action).toBe("block");
    expect(decideOn([found(95), abuseipdb(10)], { policy: alone }).action).toBe("watch");
    expect(openOn([found(95), abuseipdb(10)], { policy: alone })).toEqual([]);
  });

  test("makes a person decide when the address alone can't be asked about", () => {
    const policy = { ...alone, unavailable: { ...alone.unavailable, action: "hold" as const } };

    expect(decideOn([found(95)], { policy, inputs: { missing: ["abuseipdb"] } }).action).toBe("hold");
  });
});
