import { z } from "zod";
import { hints } from "../domain/finding.ts";
import type { Policy } from "../domain/policy.ts";
import { Shown } from "./ask-api.ts";

/** JSON has no word for infinity. */
const Seconds = z.union([z.number(), z.literal("permanent").transform(() => Number.POSITIVE_INFINITY)]);

const Need = z.object({ events: z.number(), seconds: Seconds });

const Condition = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("least"), provider: Shown, number: Shown, least: z.number() }),
  z.object({ kind: z.literal("within"), provider: Shown, time: Shown, seconds: Seconds }),
]);

const Rule = z.object({
  conditions: z.array(Condition),
  quorum: z.object({ least: z.number(), of: z.array(z.array(Condition)) }).nullable(),
  sightings: Need.nullable(),
});

/** What a policy says, as the API tells it; one of another version of this program may have another shape. */
export const PolicyContent: z.ZodType<Policy> = z.object({
  block: z.array(Rule),
  hold: z.array(Rule),
  sightings: Need.nullable(),
  hints: z.record(
    z.enum(hints),
    z.union([z.enum(["hold", "watch", "none"]), z.object({ atMostSeconds: Seconds })]),
  ),
  blockSeconds: z.array(Seconds).min(1),
  forgetSeconds: Seconds,
  aggregate: z.object({
    ipv4Neighbours: z.number().nullable(),
    ipv6Length: z.union([z.literal(64), z.literal(128)]),
  }),
  holdSeconds: Seconds,
  graceSeconds: Seconds,
  unavailable: z.object({ action: z.enum(["wait", "decide-without", "hold"]), seconds: Seconds }),
  staleSeconds: Seconds,
  version: Shown,
});

/** A policy that has decided. */
export const PolicyAnswer = z.object({
  version: Shown,
  role: Shown,
  firstUsedAt: z.coerce.date(),
  policy: z.unknown(),
});
export type PolicyAnswer = z.infer<typeof PolicyAnswer>;
