import { z } from "zod";
import { type Decision, type DecisionInputs, holdCauses, type ShadowDecision } from "../domain/decision.ts";
import { severities } from "../domain/severity.ts";
import type { Hold } from "../ports.ts";
import { Address, Json, Mode, Texts, Time } from "./columns.ts";
import { storable } from "./engine.ts";
import { StoredFinding } from "./rows.ts";
import { StoredSettings } from "./stored-settings.ts";
import type { Schema } from "./schema.ts";

const Action = z.enum(["block", "hold", "watch", "ignore"]);

const Inputs = z.object({
  searchName: z.string().nullable(),
  severity: z.enum(severities),
  count: z.number(),
  activity: z.array(z.object({ seconds: z.number(), events: z.number() })),
  offences: z.number(),
  missing: Texts,
  askedMode: Mode.exactOptional(),
});

const Shadow = z.object({
  action: Action,
  reasons: Texts,
  rule: z.string().nullable(),
  policyVersion: z.string(),
});

const DecisionColumns = z.object({
  id: z.string(),
  alert_id: z.string(),
  ip: Address,
  action: Action,
  hold_cause: z.enum(holdCauses).nullable(),
  reasons: Json.pipe(Texts),
  rule: z.string().nullable(),
  policy_version: z.string(),
  mode: Mode,
  findings: Json.pipe(z.array(StoredFinding)),
  inputs: Json.pipe(Inputs),
  shadow: z.nullable(Json.pipe(Shadow)),
  actor: z.string(),
  decided_at: Time,
  expires_at: Time.nullable(),
});

export const decisionColumns = [
  "id",
  "alert_id",
  "ip",
  "action",
  "hold_cause",
  "reasons",
  "rule",
  "policy_version",
  "mode",
  "findings",
  "inputs",
  "shadow",
  "actor",
  "decided_at",
  "expires_at",
] as const;

export const DecisionRow = DecisionColumns.transform(decisionOfRow);

/** A hold with its decision. */
export const HoldRow = DecisionColumns.extend({
  search_name: z.string().nullable(),
  settings: z.string().nullable(),
  hold_created_at: Time,
  hold_expires_at: Time,
  hold_ended_at: Time.nullable(),
  outcome: z.enum(["approved", "denied", "released", "superseded", "lapsed"]).nullable(),
  hold_actor: z.string().nullable(),
  hold_reason: z.string().nullable(),
}).transform((row): Omit<Hold, "state"> & { readonly outcome: Exclude<Hold["state"], "waiting"> | null } => ({
  decision: decisionOfRow(row),
  searchName: row.search_name,
  // What can't be read must not keep the hold from people.
  askedMode: StoredSettings.safeParse(row.settings).data?.mode ?? row.inputs.askedMode ?? null,
  createdAt: row.hold_created_at,
  expiresAt: row.hold_expires_at,
  endedAt: row.hold_ended_at,
  outcome: row.outcome,
  actor: row.hold_actor,
  reason: row.hold_reason,
}));

/** The row of a decision. */
export function decisionValues(decision: Decision): Schema["decisions"] {
  const { inputs, shadow } = decision;
  return {
    id: decision.id,
    alert_id: decision.alertId,
    ip: decision.ip,
    action: decision.action,
    hold_cause: decision.holdCause,
    reasons: JSON.stringify(decision.reasons),
    rule: storable(decision.rule),
    policy_version: decision.policyVersion,
    mode: decision.mode,
    findings: JSON.stringify(decision.findings),
    inputs: JSON.stringify(inputs satisfies DecisionInputs),
    shadow: shadow === null ? null : JSON.stringify(shadow satisfies ShadowDecision),
    actor: storable(decision.actor),
    decided_at: decision.decidedAt.getTime(),
    expires_at: decision.expiresAt?.getTime() ?? null,
  };
}

function decisionOfRow(row: z.infer<typeof DecisionColumns>): Decision {
  return {
    id: row.id,
    alertId: row.alert_id,
    ip: row.ip,
    action: row.action,
    holdCause: row.hold_cause,
    reasons: row.reasons,
    rule: row.rule,
    policyVersion: row.policy_version,
    mode: row.mode,
    findings: row.findings,
    inputs: row.inputs,
    shadow: row.shadow,
    actor: row.actor,
    decidedAt: row.decided_at,
    expiresAt: row.expires_at,
  };
}
