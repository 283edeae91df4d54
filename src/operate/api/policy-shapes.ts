import { z } from "zod";
import { Address, Count, Foreign, Time } from "./common-shapes.ts";
import { component } from "./components.ts";
import { ActionName } from "./decision-shapes.ts";

/** A policy that has decided. */
const PolicyShape = component(
  "Policy",
  z.object({
    version: z.string(),
    role: z.string().describe("`live`, `shadow`, or the pattern of the searches it is for"),
    firstUsedAt: Time,
    policy: z.record(z.string(), z.unknown()),
  }),
);

export const PolicyList = z.object({ policies: z.array(PolicyShape) });

const ChangeName = z.enum(["newly-blocked", "freed", "held", "released-from-hold", "same", "unclear"]);

/** What another policy would have done. */
export const BacktestAnswer = z.object({
  policyVersion: z.string(),
  since: Time,
  decisions: Count.describe("Past decisions that were replayed"),
  blocks: z.object({ were: Count, would: Count }).describe("Made by policy, and by the other one"),
  counts: z.record(z.string(), Count).describe("Addresses by change; `same` for all others"),
  addresses: z
    .array(
      z.object({
        ip: Address,
        was: ActionName,
        would: ActionName,
        change: ChangeName,
        at: Time,
        searchName: Foreign.nullable(),
        events: Count,
        reasons: z.array(Foreign),
      }),
    )
    .describe("Those for which something changes, most important first"),
});
