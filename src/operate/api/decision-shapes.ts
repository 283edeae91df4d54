import { z } from "zod";
import { holdCauses, modes } from "../../domain/decision.ts";
import { hints } from "../../domain/finding.ts";
import { severities } from "../../domain/severity.ts";
import { Address, Count, Foreign, Next, Time } from "./common-shapes.ts";
import { component } from "./components.ts";

export const ActionName = z.enum(["block", "hold", "watch", "ignore"]);
export const ModeName = z.enum(modes);
export const SeverityName = z.enum(severities);
const HoldCauseName = z.enum(holdCauses);

/** What one provider says about one address. */
export const FindingShape = component(
  "Finding",
  z.object({
    provider: z.string(),
    ip: Address,
    status: z.enum(["known", "unknown", "failed"]),
    reason: Foreign.nullable().describe("Why it is unknown or failed; null when known"),
    stale: z.boolean().describe("It had expired, and was used because the provider could not be asked"),
    foundAt: Time,
    expiresAt: Time,
    evidence: z
      .object({
        numbers: z.record(z.string(), z.number()),
        times: z.record(z.string(), Time),
        hints: z.array(z.enum(hints)),
        asn: z.int().nullable(),
        facts: z.array(z.tuple([Foreign, Foreign])),
        link: Foreign,
      })
      .nullable()
      .describe("Null unless known"),
  }),
);

const Inputs = z.object({
  searchName: Foreign.nullable(),
  severity: SeverityName,
  count: Count,
  activity: z.array(z.object({ seconds: z.number(), events: Count })),
  offences: Count,
  missing: z.array(z.string()).describe("Providers that could not be asked"),
  askedMode: ModeName.nullable().describe("The mode, where it is what the alert asks for"),
});

/** What was decided about one address of one alert. */
export const DecisionShape = component(
  "Decision",
  z.object({
    id: z.string(),
    alertId: z.string(),
    ip: Address,
    action: ActionName,
    holdCause: HoldCauseName.nullable().describe("Null unless it is a hold"),
    reasons: z.array(Foreign),
    rule: z.string().nullable(),
    policyVersion: z.string(),
    mode: ModeName,
    findings: z.array(FindingShape),
    inputs: Inputs,
    shadow: z
      .object({
        action: ActionName,
        reasons: z.array(Foreign),
        rule: z.string().nullable(),
        policyVersion: z.string(),
      })
      .nullable()
      .describe("What the shadow policy would have done, when it is something else"),
    actor: Foreign.describe("`policy`, or who decided by hand"),
    decidedAt: Time,
    expiresAt: Time.nullable().describe("When its block or hold ends; null: never, or there is none"),
  }),
);

/** What would be decided now, with what is known. */
export const DecisionNowShape = DecisionShape.pick({
  action: true,
  holdCause: true,
  reasons: true,
  rule: true,
  policyVersion: true,
  mode: true,
}).extend({
  missing: z
    .array(z.string())
    .describe("Providers that would be asked first, and whose answer could change it"),
});

/** A decision alone. */
export const DecisionAnswer = DecisionShape.extend({
  note: Foreign.nullable().describe("What the author of its alert has written for people"),
});

export const DecisionList = z.object({ decisions: z.array(DecisionShape), next: Next });

/** A decision that waits for a person, or that one has answered. */
export const ApprovalShape = component(
  "Approval",
  z.object({
    id: z.string().describe("Its decision's id"),
    state: z.enum(["waiting", "approved", "denied", "released", "superseded", "lapsed"]),
    searchName: Foreign.nullable(),
    createdAt: Time,
    expiresAt: Time.describe("When it lapses"),
    endedAt: Time.nullable(),
    actor: Foreign.nullable(),
    reason: Foreign.nullable(),
    decision: DecisionShape,
  }),
);

export const ApprovalList = z.object({ approvals: z.array(ApprovalShape), next: Next });
