import { z } from "zod";
import { SightingShape } from "./alert-shapes.ts";
import { BlockReportShape, GraceShape } from "./block-shapes.ts";
import { Address, Count, Foreign, Time } from "./common-shapes.ts";
import { ApprovalShape, DecisionNowShape, DecisionShape, FindingShape } from "./decision-shapes.ts";
import { AllowEntryShape, ReceiptShape } from "./people-shapes.ts";

/** Everything that is known about one address. Lists are newest first, at most 100 each. */
export const AddressAnswer = z.object({
  ip: Address,
  story: z.array(Foreign).describe("All of it in sentences, in order"),
  protected: Foreign.nullable().describe("Why it may not be blocked; null: it may"),
  now: DecisionNowShape.describe("What would be decided at this moment with what is known"),
  allowlist: z.array(AllowEntryShape).describe("Entries that cover it"),
  events: Count,
  firstSeenAt: Time.nullable(),
  lastSeenAt: Time.nullable(),
  sightings: z.array(SightingShape),
  findings: z.array(FindingShape),
  lookUps: z
    .array(z.object({ provider: z.string(), place: z.int(), since: Time, dueAt: Time }))
    .describe("Providers that are still to be asked, with the place in their queue"),
  decisions: z.array(DecisionShape),
  approvals: z.array(ApprovalShape),
  blocks: z.array(BlockReportShape),
  graces: z.array(GraceShape),
  receipts: z.array(ReceiptShape),
});
