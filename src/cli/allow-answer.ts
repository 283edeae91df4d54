import { z } from "zod";
import { Shown } from "./ask-api.ts";

/** An entry of the allow-list, as the API tells it. */
export const Entry = z.object({
  id: Shown,
  prefix: Shown,
  reason: Shown,
  owner: Shown,
  actor: Shown,
  createdAt: z.coerce.date(),
  expiresAt: z.coerce.date().nullable(),
  removable: z.boolean(),
});
export type Entry = z.infer<typeof Entry>;

export const AllowList = z.object({ allowlist: z.array(Entry) });
