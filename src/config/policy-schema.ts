/** The sections of `portcullis.yaml` that say what is blocked, and how much of it. */
import * as z from "zod";
import { type Hint, hints } from "../domain/finding.ts";
import type { HintAction } from "../domain/policy.ts";
import { Rules, SightingsShape } from "./rule-schema.ts";
import { choice, orNone, strict, whole } from "./schema-parts.ts";
import { duration, durationOrPermanent, oneOf, parsed } from "./shapes.ts";

const HintShape = parsed<HintAction>(
  "hold, watch, none, or the longest time of a block like 30m or 1h",
  (text) => {
    if (text === "hold" || text === "watch" || text === "none") {
      return text;
    }
    const atMostSeconds = duration().safeParse(text).data;
    return atMostSeconds === undefined ? undefined : { atMostSeconds };
  },
);

const hintShapes: Readonly<Record<string, z.ZodType<HintAction | undefined>>> = Object.fromEntries(
  hints.map((hint) => [hint, HintShape.optional()]),
);

const Hints: z.ZodType<Readonly<Partial<Record<Hint, HintAction | undefined>>>> = strict(hintShapes);

export const PolicySection = strict({
  block: Rules.optional(),
  hold: Rules.optional(),
  sightings: orNone(SightingsShape).optional(),
  duration: durationOrPermanent.optional(),
  escalation: z.array(durationOrPermanent).max(20, { error: "expected at most 20 durations" }).optional(),
  forgetAfter: duration().optional(),
  hints: Hints.optional(),
  unavailable: strict({
    // oxlint-disable-next-line unicorn/no-thenable -- the file's word; what is read is a text, never a function
    then: oneOf(["wait", "decide-without", "hold"]).optional(),
    after: duration(0).optional(),
  }).optional(),
  useStaleFor: duration(0).optional(),
  aggregate: strict({
    ipv4Neighbours: orNone(whole(2, 256, ", or none")).optional(),
    ipv6: z.literal([64, 128], { error: "expected 64 or 128" }).optional(),
  }).optional(),
  holdFor: duration().optional(),
  grace: duration(0).optional(),
});
export type PolicySection = z.infer<typeof PolicySection>;

/** The names of a policy's keys. */
export const policyKeys: readonly string[] = Object.keys(PolicySection.shape);

const limit = orNone(whole(1, 10_000_000, ", or none")).optional();

const Limits = strict({
  perMinute: limit,
  perHour: limit,
  perSearch: limit,
  perNetwork: limit,
  perAs: limit,
  active: limit,
});
export type Limits = z.infer<typeof Limits>;

const NoLimits = z.literal("none").transform(
  (): Limits => ({
    perMinute: null,
    perHour: null,
    perSearch: null,
    perNetwork: null,
    perAs: null,
    active: null,
  }),
);

export const LimitsSection = choice<Limits>((value) => (value === "none" ? NoLimits : Limits));
