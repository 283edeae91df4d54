import { z } from "zod";
import { Shown } from "./ask-api.ts";

const Time = z.coerce.date();

const Window = z.object({ name: Shown, limit: z.number(), left: z.number(), resetsAt: Time.nullable() });

/** How one provider is, as the API tells it; the part that commands show. */
export const ProviderAnswer = z.object({
  name: Shown,
  title: Shown,
  state: Shown,
  windows: z.array(Window),
  waiting: z.number(),
  runsOutAt: Time.nullable(),
  notBefore: Time.nullable(),
  trouble: z.object({ kind: Shown, reason: Shown }).nullable(),
  totals: z.object({ asked: z.number(), failed: z.number() }),
  network: z.object({ windows: z.array(Window) }).nullable(),
});
export type ProviderAnswer = z.infer<typeof ProviderAnswer>;
