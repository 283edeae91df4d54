import { sql } from "kysely";
import { z } from "zod";
import { chainStart, hashOf, type Receipt, type ReceiptHead, receiptKinds } from "../domain/receipt.ts";
import type { Store } from "../ports.ts";
import { openAlarm } from "./alarms.ts";
import { Time } from "./columns.ts";
import { type Engine, type Queries, storable } from "./engine.ts";
import { type InsertTarget, insertMany } from "./multi-insert.ts";
import type { ReadRows } from "./read-rows.ts";

/** Of PostgreSQL's advisory locks, the one for the end of the chain. */
const lockKey = 0x72656370;

const columns = ["seq", "at", "kind", "subject", "actor", "body", "previous", "hash"] as const;
const receiptTarget: InsertTarget = { table: "receipts", columns, end: "" };

/** What is to be added to the chain. */
export interface ReceiptDraft extends Pick<Receipt, "at" | "kind" | "subject" | "actor"> {
  /** Becomes JSON. */
  readonly body: unknown;
}

/** The chain of everything that was decided and done. */
export function createReceiptReads(
  { reader }: Engine,
  readRows: ReadRows,
): Pick<Store, "receiptsAfter" | "receiptHead"> {
  return {
    async receiptsAfter(seq, limit) {
      const rows = await reader
        .selectFrom("receipts")
        .select(columns)
        .where("seq", ">", seq)
        .orderBy("seq")
        .limit(limit)
        .execute();
      const last = rows.length < limit ? null : (rows.at(-1)?.seq ?? null);
      return { receipts: readReceipts(readRows, rows), last };
    },

    receiptHead: () => notedHead(reader),
  };
}

/** Receipts from their rows, in the same order. */
export function readReceipts(
  readRows: ReadRows,
  rows: readonly { readonly seq: number }[],
): readonly Receipt[] {
  return readRows(rows, { table: "receipts", schema: ReceiptRow, idOf: ({ seq }) => String(seq) }).readable;
}

/**
 * Adds these to the chain. Must be the last work of its transaction: on PostgreSQL all others that add receipts wait from here on
 * until it ends, so whoever waited for anything of theirs after this would wait crosswise.
 *
 * It goes on where the note of the newest receipt says, and not where the table ends: so who cuts off the end of the table leaves a
 * gap that stays. Where the two disagree, a receipt of kind `break` comes first, by which it stays visible for ever. Who changes both, or makes a whole new chain, is only found by comparing with what was exported before.
 *
 * Subjects: `decision` and `hold-ended` the decision's id, `block`, `lift`, `allow` and `disallow` the network, `policy` its version,
 * `token` its id, `pause` and `resume` are about `blocks`, `break` about `receipts`.
 */
export async function appendReceipts(
  engine: Engine,
  db: Queries,
  [first, ...rest]: readonly ReceiptDraft[],
): Promise<void> {
  if (first === undefined) {
    return;
  }
  if (engine.kind === "postgres") {
    await sql`select pg_advisory_xact_lock(${lockKey})`.execute(db);
  }
  const { head, disagreement } = await endOf(db);
  const breaks = disagreement === null ? [] : [await tellBreak(engine, db, disagreement, first.at)];
  const receipts = chain([...breaks, first, ...rest], head);
  await insertMany(
    { engine, db },
    receiptTarget,
    receipts.map((receipt) => columns.map((name) => (name === "at" ? receipt.at.getTime() : receipt[name]))),
  );
  await noteHead(db, receipts.at(-1) ?? chainStart);
}

const ReceiptRow = z
  .object({
    seq: z.number(),
    at: Time,
    kind: z.enum(receiptKinds),
    subject: z.string(),
    actor: z.string(),
    body: z.string(),
    previous: z.string(),
    hash: z.string(),
  })
  .transform((row): Receipt => row);

const StoredHead = z.object({ seq: z.int().min(0), hash: z.string() });

function chain(drafts: readonly ReceiptDraft[], end: ReceiptHead): readonly Receipt[] {
  let last = end;
  return drafts.map(({ at, kind, subject, actor, body }) => {
    const content = {
      seq: last.seq + 1,
      at,
      kind,
      // As the database gives it back, or the hash would be of another text.
      subject: storable(subject).toWellFormed(),
      actor: storable(actor).toWellFormed(),
      body: JSON.stringify(body),
      previous: last.hash,
    };
    const receipt: Receipt = { ...content, hash: hashOf(content) };
    last = receipt;
    return receipt;
  });
}

/** What is noted as the newest receipt, and what is the newest in the table, where the two are not the same. */
interface Disagreement {
  readonly noted: ReceiptHead | null;
  readonly found: ReceiptHead;
}

/** As noted; as the table says where the note is gone or was set back, so that an edit does not stop the work. */
async function endOf(
  db: Queries,
): Promise<{ readonly head: ReceiptHead; readonly disagreement: Disagreement | null }> {
  const noted = await notedHead(db);
  const newest = await db
    .selectFrom("receipts")
    .select(["seq", "hash"])
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  const found = newest ?? chainStart;
  const head = noted === null || noted.seq < found.seq ? found : noted;
  const agrees = noted === null ? newest === undefined : noted.seq === found.seq && noted.hash === found.hash;
  return { head, disagreement: agrees ? null : { noted, found } };
}

/** Somebody has changed the record: it says so itself from now on, and people are told. */
async function tellBreak(
  engine: Engine,
  db: Queries,
  { noted, found }: Disagreement,
  at: Date,
): Promise<ReceiptDraft> {
  const { tampering } = engine;
  const before = { noted, found };
  tampering?.log.error(
    { noted: noted?.seq ?? null, found: found.seq },
    "the record of what was decided and done was changed in the database",
  );
  await openAlarm(
    { engine, db },
    {
      key: "receipts",
      message: "The record of what was decided and done was changed in the database.",
      advice:
        'Find out who can write to it. "portcullis receipts verify" tells where; what was exported before tells what was there.',
    },
    tampering?.channels ?? [],
    at,
  );
  return { at, kind: "break", subject: "receipts", actor: "portcullis", body: before };
}

async function notedHead(db: Queries): Promise<ReceiptHead | null> {
  const row = await db
    .selectFrom("controls")
    .select("value")
    .where("name", "=", "receipt-head")
    .executeTakeFirst();
  if (row === undefined) {
    return null;
  }
  try {
    return StoredHead.parse(JSON.parse(row.value));
  } catch {
    return null; // somebody wrote something else there
  }
}

async function noteHead(db: Queries, { seq, hash }: ReceiptHead): Promise<void> {
  const value = JSON.stringify({ seq, hash });
  await db
    .insertInto("controls")
    .values({ name: "receipt-head", value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}
