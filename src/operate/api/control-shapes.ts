import { z } from "zod";
import { BlockReportShape } from "./block-shapes.ts";
import { Count, Foreign, Time } from "./common-shapes.ts";
import { component } from "./components.ts";
import { DecisionShape } from "./decision-shapes.ts";
import { AllowEntryShape } from "./people-shapes.ts";

/** Why no new blocks are made, or only with a person. */
export const ControlsShape = component(
  "Controls",
  z.object({
    paused: z.object({ since: Time, actor: Foreign, reason: Foreign }).nullable(),
    limited: z.object({ since: Time, reason: Foreign, held: Count }).nullable(),
  }),
);

export const ResumedAnswer = z.object({
  controls: ControlsShape,
  released: Count.describe("Holds that became blocks"),
  protectedNow: Count.describe("Holds left because the address may not be blocked"),
  crawlers: Count.describe("Holds left because the address is a crawler's: they wait on for a person"),
  unchanged: Count.describe(
    "Holds that became no block: the address was blocked, let out or answered meanwhile",
  ),
});

export const ApprovedAnswer = z.object({ decision: DecisionShape, block: BlockReportShape.nullable() });

export const DeniedAnswer = z.object({
  id: z.string(),
  state: z.literal("denied"),
  allowed: AllowEntryShape.nullable().describe("The entry that `allowFor` made"),
});
