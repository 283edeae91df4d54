import { z } from "zod";
import { receiptKinds } from "../../domain/receipt.ts";
import { roles } from "../../domain/role.ts";
import { BlockShape } from "./block-shapes.ts";
import { Count, Foreign, Network, Time } from "./common-shapes.ts";
import { component } from "./components.ts";

export const RoleName = z.enum(roles);

/** A network that must not be blocked. */
export const AllowEntryShape = component(
  "AllowEntry",
  z.object({
    id: z.string(),
    prefix: Network,
    reason: Foreign,
    owner: Foreign,
    actor: Foreign.describe("A token's name, or `settings`"),
    createdAt: Time,
    expiresAt: Time.nullable(),
    removable: z.boolean().describe("False for entries of the settings"),
  }),
);

export const AllowList = z.object({ allowlist: z.array(AllowEntryShape) });

export const AllowedAnswer = z.object({
  entry: AllowEntryShape,
  liftedCount: Count,
  lifted: z.array(BlockShape).describe("Blocks that it lifted, at most 1,000"),
});

export const DisallowedAnswer = z.object({ entry: AllowEntryShape });

export const AlarmShape = component(
  "Alarm",
  z.object({
    id: z.string(),
    key: z.string(),
    message: Foreign,
    advice: Foreign,
    raisedAt: Time,
    endedAt: Time.nullable(),
  }),
);

export const AlarmList = z.object({ alarms: z.array(AlarmShape) });

/** A token without its secret. */
const TokenShape = component(
  "Token",
  z.object({
    id: z.string(),
    name: z.string(),
    role: RoleName,
    createdAt: Time,
    createdBy: Foreign,
    expiresAt: Time.nullable(),
    revokedAt: Time.nullable(),
    lastUsedAt: Time.nullable(),
  }),
);

export const TokenList = z.object({ tokens: z.array(TokenShape) });

export const TokenCreated = z.object({
  token: TokenShape,
  secret: z.string().describe("What to send as bearer token. It is told this once"),
});

export const TokenAnswer = z.object({ token: TokenShape });

/** One link of the chain of everything that was decided and done. */
export const ReceiptShape = component(
  "Receipt",
  z.object({
    seq: z.int().min(1),
    at: Time,
    kind: z.enum(receiptKinds),
    subject: Foreign,
    actor: Foreign,
    body: z.string().describe("JSON text; the hash is over exactly this"),
    previous: z.string(),
    hash: z.string(),
  }),
);

export const ReceiptList = z.object({
  receipts: z.array(ReceiptShape),
  next: z.int().nullable().describe("Ask with it as `after`; null: there was no more"),
});

export const VerifyAnswer = z.object({
  ok: z.boolean(),
  count: Count.describe("Receipts that were read"),
  head: z
    .object({ seq: z.int(), hash: z.string() })
    .nullable()
    .describe("The last one that is right: keep it elsewhere, and compare later"),
  fault: z.object({ seq: z.int(), problem: Foreign }).nullable().describe("The first link that is wrong"),
  rows: Count.describe("Rows that were compared with their receipts"),
  disagreements: z.array(Foreign).describe("What the tables say otherwise than the receipts, the first 20"),
  disagreementCount: Count,
});
