import { z } from "zod";
import { Shown } from "./ask-api.ts";

/** The place of one receipt. */
export const Head = z.object({ seq: z.number(), hash: Shown });

export const VerifyAnswer = z.object({
  ok: z.boolean(),
  count: z.number(),
  head: Head.nullable(),
  fault: z.object({ seq: z.number(), problem: Shown }).nullable(),
});
/** What a verification found. */
export type Verified = z.infer<typeof VerifyAnswer>;
