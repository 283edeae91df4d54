import type { AllowEntry } from "../domain/allow-entry.ts";
import type { Block } from "../domain/block.ts";
import type { Store } from "../ports.ts";
import { type Engine, storable } from "./engine.ts";
import { liftFound } from "./lift-found.ts";
import { lockBlocks } from "./lock-blocks.ts";
import { type BlockReads, findOverlapping } from "./overlapping-blocks.ts";
import { AllowEntryRow } from "./people-rows.ts";
import type { ReadRows } from "./read-rows.ts";
import { liftReceipt } from "./receipt-bodies.ts";
import { appendReceipts } from "./receipts.ts";
import { supersedeHoldsIn } from "./supersede-holds-in.ts";

const columns = ["id", "prefix", "reason", "owner", "actor", "created_at", "expires_at"] as const;

/** What people want never to be blocked. */
export function createAllowRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "allowEntries" | "addAllowEntry" | "removeAllowEntry"> {
  const { reader, writer } = engine;
  const read = (rows: readonly { readonly id: string }[]): readonly AllowEntry[] =>
    readRows(rows, { table: "allow_entries", schema: AllowEntryRow, idOf: ({ id }) => id }).readable;
  return {
    async allowEntries(now) {
      const rows = await reader
        .selectFrom("allow_entries")
        .select(columns)
        .where("removed_at", "is", null)
        .where((eb) => eb.or([eb("expires_at", "is", null), eb("expires_at", ">", now.getTime())]))
        .orderBy("created_at")
        .orderBy("id")
        .execute();
      return read(rows);
    },

    addAllowEntry: (entry) =>
      writer.transaction().execute((trx) => add({ engine, db: trx, readRows }, entry)),

    removeAllowEntry(id, { actor, reason, now }) {
      return writer.transaction().execute(async (trx) => {
        const rows = await trx
          .updateTable("allow_entries")
          .set({ removed_at: now.getTime() })
          .where("id", "=", id)
          .where("removed_at", "is", null)
          .returning(columns)
          .execute();
        const [entry] = read(rows);
        if (entry !== undefined) {
          const body = { reason, entry };
          await appendReceipts(engine, trx, [
            { at: now, kind: "disallow", subject: entry.prefix, actor, body },
          ]);
        }
        return entry;
      });
    },
  };
}

/** All at once: what is decided from now on sees the entry, and what was decided before is lifted. */
async function add(reads: BlockReads, entry: AllowEntry): Promise<readonly Block[]> {
  const { engine, db } = reads;
  const { id, prefix, reason, owner, actor, createdAt: now, expiresAt } = entry;
  await lockBlocks(engine, db, "lift");
  await db
    .insertInto("allow_entries")
    .values({
      id,
      prefix,
      reason: storable(reason),
      owner: storable(owner),
      actor: storable(actor),
      created_at: now.getTime(),
      expires_at: expiresAt?.getTime() ?? null,
    })
    .execute();
  const found = await findOverlapping(reads, [{ prefix, why: reason }], now);
  const act = { actor, reason: `allow-list: ${reason}`, now };
  const lifted = found.map(({ block }) => block);
  // Without a grace: what keeps them from being placed again is the entry.
  await liftFound(engine, db, lifted, { ...act, graceUntil: now });
  const holds = await supersedeHoldsIn(engine, db, prefix, { ...act, decisionId: null });
  await appendReceipts(engine, db, [
    { at: now, kind: "allow", subject: prefix, actor, body: { id, reason, owner, expiresAt } },
    ...(lifted.length === 0 ? [] : [liftReceipt(prefix, { ...act, graceUntil: now }, lifted)]),
    ...holds,
  ]);
  return lifted;
}
