import type { Decision } from "../../domain/decision.ts";
import type { Evidence, Finding } from "../../domain/finding.ts";
import { toldText, toldTexts, toldTime, type ToldEvent } from "../../domain/told-event.ts";

/** A decision as it stands in the store, also one to watch or to ignore. @param note what its alert's author has written for people */
export function decisionEvent(decision: Decision, note: string | null = null): ToldEvent {
  const { id, inputs, findings } = decision;
  const known = findings.flatMap((finding) => (finding.status === "known" ? [finding] : []));
  const evidence = known.map((finding) => finding.evidence);
  return {
    id: `decision:${id}`,
    kind: "decision",
    at: decision.decidedAt,
    fields: {
      decision_id: id,
      alert_id: decision.alertId,
      decision: decision.action,
      hold_cause: decision.holdCause,
      mode: decision.mode,
      src_ip: decision.ip,
      search_name: toldText(inputs.searchName),
      severity: inputs.severity,
      count: inputs.count,
      offences: inputs.offences,
      reason: toldText(decision.reasons[0] ?? null),
      rule: toldText(decision.rule),
      policy_version: decision.policyVersion,
      actor: toldText(decision.actor),
      expires_at: toldTime(decision.expiresAt),
      country: factOf(evidence, "Country"),
      asn: evidence.find(({ asn }) => asn !== null)?.asn ?? null,
      as_owner: factOf(evidence, "AS owner"),
      ...Object.fromEntries(known.flatMap(numbersOf)),
      providers_missing: inputs.missing,
      note: toldText(note),
      // Last: the longest.
      reasons: toldTexts(decision.reasons),
    },
  };
}

function factOf(evidence: readonly Evidence[], label: string): string | null {
  const fact = evidence.flatMap(({ facts }) => facts).find(([name]) => name === label);
  return toldText(fact?.[1] ?? null);
}

/** `virustotal_malicious`, `abuseipdb_score`. */
function numbersOf({
  provider,
  evidence,
}: Extract<Finding, { status: "known" }>): readonly (readonly [name: string, value: number])[] {
  return Object.entries(evidence.numbers).map(([name, value]) => [`${fieldName(provider)}_${name}`, value]);
}

function fieldName(provider: string): string {
  return provider.replaceAll(/\W/g, "_");
}
