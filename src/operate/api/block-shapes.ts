import { z } from "zod";
import { Count, Foreign, Network, Next, Time } from "./common-shapes.ts";
import { component } from "./components.ts";
import { DecisionShape } from "./decision-shapes.ts";

/** One block on one firewall. */
const EnforcementShape = component(
  "Enforcement",
  z.object({
    blockId: z.string(),
    firewall: z.string(),
    state: z.enum([
      "requested",
      "applied",
      "verified",
      "refused",
      "failed",
      "withdrawn",
      "lifting",
      "lifted",
      "expired",
    ]),
    requestedAt: Time,
    appliedAt: Time.nullable(),
    verifiedAt: Time.nullable(),
    endedAt: Time.nullable(),
    packets: Count,
    bytes: Count,
    error: Foreign.nullable(),
  }),
);

const blockKeys = {
  id: z.string(),
  prefix: Network,
  mode: z.enum(["observe", "enforce"]),
  groups: z.array(z.string()).nullable().describe("Groups of firewalls that it is for; null: all"),
  decisionId: z.string(),
  createdAt: Time,
  expiresAt: Time.nullable().describe("Null: it stands until somebody lifts it"),
};

/** This network is dropped until `expiresAt`. */
export const BlockShape = component("Block", z.object(blockKeys));

/** A block with what became of it. */
export const BlockReportShape = component(
  "BlockReport",
  z.object({
    ...blockKeys,
    state: z.enum(["standing", "lifted", "ended"]),
    endedAt: Time.nullable(),
    lifted: z
      .object({ actor: Foreign, reason: Foreign, graceUntil: Time, liftedAt: Time.nullable() })
      .nullable(),
    enforcements: z.array(EnforcementShape),
  }),
);

/** Who let which network out, and until when alerts can't block it. */
export const GraceShape = component(
  "Grace",
  z.object({ prefix: Network, until: Time, actor: Foreign, reason: Foreign, liftedAt: Time }),
);

export const BlockList = z.object({ blocks: z.array(BlockReportShape), next: Next });

export const BlocksOn = z.object({
  prefix: Network,
  blocks: z.array(BlockReportShape),
  graces: z.array(GraceShape),
  protected: Foreign.nullable().describe("Why nothing may block it; null: it may be blocked"),
});

export const LiftAnswer = z.object({
  prefix: Network,
  decisionId: z.string().nullable(),
  graceUntil: Time,
  liftedCount: Count,
  lifted: z.array(BlockShape).describe("At most 1,000"),
  endedGraces: z.array(GraceShape),
});

/** The block that now stands, and the decision of the call: `ignore` when a block that lasts as long had stood before. */
export const BlockedAnswer = z.object({ block: BlockReportShape, decision: DecisionShape });

/** A line of an import that can't be taken, or not as it is. */
const LineFault = component("LineFault", z.object({ line: z.int().min(1), problem: Foreign }));

export const ImportAnswer = z.object({
  blocked: Count.describe("New or longer blocks"),
  unchangedCount: Count.describe(
    "A block that lasts as long stood already, or the network was let out meanwhile",
  ),
  unchanged: z.array(LineFault).describe("Which, and why, at most 1,000"),
  faults: z.array(LineFault).describe("Lines that were left out, at most 1,000"),
  faultCount: Count,
});

/** One standing block of an export. */
const ExportedBlock = component(
  "ExportedBlock",
  z.object({
    network: Network,
    reason: Foreign,
    until: z.union([Time, z.literal("permanent")]),
    mode: z.enum(["observe", "enforce"]),
    groups: z.array(z.string()).nullable(),
    createdAt: Time,
    decisionId: z.string(),
  }),
);

export const BlockExport = z.object({ blocks: z.array(ExportedBlock) });
