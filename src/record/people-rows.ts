import { z } from "zod";
import type { AllowEntry } from "../domain/allow-entry.ts";
import { roles } from "../domain/role.ts";
import type { Alarm, TokenRecord } from "../ports.ts";
import { Prefix, Time } from "./columns.ts";

export const AllowEntryRow = z
  .object({
    id: z.string(),
    prefix: Prefix,
    reason: z.string(),
    owner: z.string(),
    actor: z.string(),
    created_at: Time,
    expires_at: Time.nullable(),
  })
  .transform(
    (row): AllowEntry => ({
      id: row.id,
      prefix: row.prefix,
      reason: row.reason,
      owner: row.owner,
      actor: row.actor,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }),
  );

export const AlarmRow = z
  .object({
    id: z.string(),
    key: z.string(),
    message: z.string(),
    advice: z.string(),
    raised_at: Time,
    ended_at: Time.nullable(),
  })
  .transform(
    (row): Alarm => ({
      id: row.id,
      key: row.key,
      message: row.message,
      advice: row.advice,
      raisedAt: row.raised_at,
      endedAt: row.ended_at,
    }),
  );

export const TokenRow = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    created_at: Time,
    created_by: z.string(),
    expires_at: Time.nullable(),
    revoked_at: Time.nullable(),
    last_used_at: Time.nullable(),
  })
  .transform(
    (row): TokenRecord => ({
      id: row.id,
      name: row.name,
      role: row.role,
      hash: row.hash,
      createdAt: row.created_at,
      createdBy: row.created_by,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      lastUsedAt: row.last_used_at,
    }),
  );
