import { forever } from "../../domain/block.ts";
import type { Decision } from "../../domain/decision.ts";
import type { Evidence, Finding } from "../../domain/finding.ts";
import type { Hold, SightingReport } from "../../ports.ts";

/** A finding in JSON: the same keys whatever its status. */
export function findingJson(finding: Finding) {
  const { provider, ip, status, foundAt, expiresAt } = finding;
  return {
    provider,
    ip,
    status,
    reason: status === "known" ? null : finding.reason,
    stale: finding.status !== "failed" && finding.isStale === true,
    foundAt,
    expiresAt,
    evidence: finding.status === "known" ? evidenceJson(finding.evidence) : null,
  };
}

function evidenceJson({ numbers, times, hints, asn, facts, link }: Evidence) {
  return { numbers, times, hints, asn, facts, link };
}

/** A decision in JSON. `expiresAt` is null for a block without end. */
export function decisionJson(decision: Decision) {
  const { inputs, shadow, expiresAt, findings } = decision;
  return {
    id: decision.id,
    alertId: decision.alertId,
    ip: decision.ip,
    action: decision.action,
    holdCause: decision.holdCause,
    reasons: decision.reasons,
    rule: decision.rule,
    policyVersion: decision.policyVersion,
    mode: decision.mode,
    findings: findings.map(findingJson),
    inputs: {
      searchName: inputs.searchName,
      severity: inputs.severity,
      count: inputs.count,
      activity: inputs.activity.map(({ seconds, events }) => ({ seconds, events })),
      offences: inputs.offences,
      missing: inputs.missing,
      askedMode: inputs.askedMode ?? null,
    },
    shadow:
      shadow === null
        ? null
        : {
            action: shadow.action,
            reasons: shadow.reasons,
            rule: shadow.rule,
            policyVersion: shadow.policyVersion,
          },
    actor: decision.actor,
    decidedAt: decision.decidedAt,
    expiresAt: expiresAt === null || expiresAt.getTime() >= forever.getTime() ? null : expiresAt,
  };
}

/** A hold in JSON. */
export function approvalJson({ decision, ...hold }: Hold) {
  return {
    id: decision.id,
    state: hold.state,
    searchName: hold.searchName,
    createdAt: hold.createdAt,
    expiresAt: hold.expiresAt,
    endedAt: hold.endedAt,
    actor: hold.actor,
    reason: hold.reason,
    decision: decisionJson(decision),
  };
}

/** A sighting in JSON. */
export function sightingJson(report: SightingReport) {
  const { sighting, alertId, searchName, settings, seenAt, decision, ...wait } = report;
  const { ip, count, fields, severity } = sighting;
  return {
    ip,
    count,
    fields,
    severity,
    alertId,
    searchName,
    note: settings?.note ?? null,
    seenAt,
    decision: decision === null ? null : decisionJson(decision),
    error: wait.error,
    dueAt: wait.dueAt,
  };
}
