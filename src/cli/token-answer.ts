import { z } from "zod";
import { Shown } from "./ask-api.ts";

const Time = z.coerce.date();

/** A token without its secret, as the API tells it. */
export const Token = z.object({
  id: Shown,
  name: Shown,
  role: Shown,
  createdAt: Time,
  createdBy: Shown,
  expiresAt: Time.nullable(),
  revokedAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
});
