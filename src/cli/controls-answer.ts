import { z } from "zod";
import { Shown } from "./ask-api.ts";

const Time = z.coerce.date();

/** Why no new blocks are made, or only with a person; null: it is not so. */
export const ControlsAnswer = z.object({
  paused: z.object({ since: Time, actor: Shown, reason: Shown }).nullable(),
  limited: z.object({ since: Time, reason: Shown, held: z.number() }).nullable(),
});
