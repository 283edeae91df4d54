import { decide, type DecideInput } from "../../src/decide/decide.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { policyVersion } from "../../src/decide/policy-version.ts";
import type { Decision, DecisionInputs } from "../../src/domain/decision.ts";
import type { Evidence, Finding } from "../../src/domain/finding.ts";
import type { Condition, Policy, Rule } from "../../src/domain/policy.ts";
import { sampleInputs } from "../fakes/samples.ts";
import { ip, t0 } from "../fakes/samples.ts";

export const attacker = ip("203.0.113.45");
export const oneDay = 86_400;
export const nothingStands = { block: null, heldUntil: null, graceUntil: null };

export type Changes = Partial<Omit<DecideInput, "inputs">> & { readonly inputs?: Partial<DecisionInputs> };

/** One address, 57 events, both providers configured, nobody waited for. */
export function decideOn(
  findings: readonly Finding[],
  { inputs: changedInputs, ...changes }: Changes = {},
): Decision {
  const { offences: _none, ...inputs } = sampleInputs({ count: 57, ...changedInputs });
  return decide({
    alertId: "al_1",
    ip: attacker,
    findings,
    policy: defaultPolicy,
    shadow: null,
    providers: [{ name: "virustotal" }, { name: "abuseipdb" }],
    mode: "enforce",
    protectedReason: null,
    standing: nothingStands,
    offences: [],
    inputs,
    isFinal: true,
    doubt: null,
    now: t0,
    ...changes,
  });
}

/** The default policy with these differences. */
export function policyWith(changes: Partial<Policy>): Policy {
  const policy = { ...defaultPolicy, ...changes };
  return { ...policy, version: policyVersion(policy) };
}

/** `least("virustotal.malicious", 2)` */
export function least(what: string, least: number): Condition {
  const [provider = "", number = ""] = what.split(".");
  return { kind: "least", provider, number, least };
}

/** `within("abuseipdb.reported", 60)` */
export function within(what: string, seconds: number): Condition {
  const [provider = "", time = ""] = what.split(".");
  return { kind: "within", provider, time, seconds };
}

export function rule(conditions: readonly Condition[], changes: Partial<Rule> = {}): Rule {
  return { conditions, quorum: null, sightings: null, ...changes };
}

/** The same finding, if it is a known one, with other evidence. */
export function withEvidence(finding: Finding, changes: Partial<Evidence>): Finding {
  return finding.status === "known" ? { ...finding, evidence: { ...finding.evidence, ...changes } } : finding;
}

/** The same finding, expired and used all the same. */
export function stale(finding: Finding): Finding {
  return finding.status === "failed" ? finding : { ...finding, isStale: true };
}

/** The same finding, if it is a failure, after so many in a row. */
export function tried(finding: Finding, tries: number): Finding {
  return finding.status === "failed" ? { ...finding, tries } : finding;
}
