import { z } from "zod";
import { Shown } from "./ask-api.ts";

/** The place of one receipt. */
export const Head = z.object({ seq: z.number(), hash: Shown });

export const VerifyAnswer = z.object({
  ok: z.boolean(),
  count: z.number(),
  head: Head.nullable(),
  fault: z.object({ seq: z.number(), problem: Shown }).nullable(),
  /** Of the database compared with their receipts; left out for a file, which holds none. */
  rows: z.number().optional(),
  disagreements: z.array(Shown).optional(),
  disagreementCount: z.number().optional(),
  /** The number of the first receipt of a file that holds only a part of the chain. */
  first: z.number().optional(),
});
/** What a verification found. */
export type Verified = z.infer<typeof VerifyAnswer>;
