import { z } from "zod";
import { Shown } from "./ask-api.ts";

const Time = z.coerce.date();

const budgetKeys = {
  windows: z.array(z.object({ name: Shown, limit: z.number(), left: z.number() })),
  runsOutAt: Time.nullable(),
  notBefore: Time.nullable(),
  trouble: Shown.nullable(),
  totals: z.object({ asked: z.number(), failed: z.number() }),
};

/** How one provider is, as the API tells it; the part that commands show. */
export const ProviderAnswer = z.object({
  title: Shown,
  state: Shown,
  waiting: z.number(),
  ...budgetKeys,
  /** Its budget for whole networks. */
  network: z.object(budgetKeys).nullable(),
});
export type ProviderAnswer = z.infer<typeof ProviderAnswer>;
