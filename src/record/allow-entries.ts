import type { AllowEntry } from "../domain/allow-entry.ts";
import type { Block } from "../domain/block.ts";
import { createNetworkIndex, rangeOf } from "../domain/network-index.ts";
import { parseIpAddress } from "../domain/ip-address.ts";
import type { Act, Store } from "../ports.ts";
import { type Engine, isOneOf, type Queries, storable } from "./engine.ts";
import { endedReceipt } from "./holds.ts";
import { liftFound } from "./lift-found.ts";
import { lockBlocks } from "./lock-blocks.ts";
import { type BlockReads, findOverlapping } from "./overlapping-blocks.ts";
import { AllowEntryRow } from "./people-rows.ts";
import type { ReadRows } from "./read-rows.ts";
import { liftReceipt } from "./receipt-bodies.ts";
import { appendReceipts, type ReceiptDraft } from "./receipts.ts";

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
  await liftFound(engine, db, lifted, act);
  const holds = await endHolds(engine, db, entry, act);
  await appendReceipts(engine, db, [
    { at: now, kind: "allow", subject: prefix, actor, body: { id, reason, owner, expiresAt } },
    ...(lifted.length === 0 ? [] : [liftReceipt(prefix, { ...act, graceUntil: now }, lifted)]),
    ...holds,
  ]);
  return lifted;
}

/** Nobody need answer about an address that must not be blocked. @returns the receipts */
async function endHolds(
  engine: Engine,
  db: Queries,
  { prefix }: AllowEntry,
  act: Act,
): Promise<readonly ReceiptDraft[]> {
  const index = createNetworkIndex([{ prefix, why: act.reason }]);
  const waiting = await db
    .selectFrom("holds")
    .select(["decision_id", "ip"])
    .where("ended_at", "is", null)
    .where("expires_at", ">", act.now.getTime())
    .execute();
  const ended = waiting.filter(({ ip: text }) => {
    const ip = parseIpAddress(text);
    return ip !== undefined && index(rangeOf(ip)) !== undefined;
  });
  if (ended.length > 0) {
    const ids = ended.map(({ decision_id }) => decision_id);
    await db
      .updateTable("holds")
      .set({
        ended_at: act.now.getTime(),
        outcome: "superseded",
        actor: storable(act.actor),
        reason: storable(act.reason),
      })
      .where(isOneOf(engine, "decision_id", ids))
      .where("ended_at", "is", null)
      .execute();
  }
  return ended.map(({ decision_id: id, ip }) =>
    endedReceipt({ id, ip, outcome: "superseded" }, { ...act, decisionId: null }),
  );
}
