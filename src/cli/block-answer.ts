import { z } from "zod";
import { Shown } from "./ask-api.ts";

const Time = z.coerce.date();

const EnforcementAnswer = z.object({
  firewall: Shown,
  state: Shown,
  verifiedAt: Time.nullish(),
  endedAt: Time.nullable(),
  packets: z.number(),
  bytes: z.number(),
  error: Shown.nullable(),
});

/** One block as the API tells it; the part that commands show. */
export const BlockAnswer = z.object({
  id: z.string(),
  prefix: Shown,
  mode: Shown,
  createdAt: Time,
  /** Null: it stands until somebody lifts it. */
  expiresAt: Time.nullable(),
  state: z.enum(["standing", "lifted", "ended"]),
  endedAt: Time.nullable(),
  lifted: z.object({ actor: Shown, reason: Shown, graceUntil: Time }).nullable(),
  enforcements: z.array(EnforcementAnswer),
});
/** A network that a person let out. */
export const GraceAnswer = z.object({ prefix: Shown, until: Time, actor: Shown, reason: Shown });
export type GraceAnswer = z.infer<typeof GraceAnswer>;

export type BlockAnswer = z.infer<typeof BlockAnswer>;
