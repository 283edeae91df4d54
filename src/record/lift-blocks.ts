import type { Block } from "../domain/block.ts";
import { networkOf, prefixesOverlap, prefixOf } from "../domain/ip-address.ts";
import type { Lift, Store } from "../ports.ts";
import { queueRemovals } from "./enforcement-requests.ts";
import { type Engine, isOneOf, type Queries, storable } from "./engine.ts";
import { supersedeHold } from "./holds.ts";
import { endGraces, insertLift } from "./lifts.ts";
import { lockBlocks } from "./lock-blocks.ts";
import { blockColumns, readBlocks } from "./read-blocks.ts";
import type { ReadRows } from "./read-rows.ts";
import { liftReceipt } from "./receipt-bodies.ts";
import { appendReceipts } from "./receipts.ts";
import { mayOverlap } from "./related-networks.ts";

/** Ending blocks. */
export function createLifting(engine: Engine, readRows: ReadRows): Pick<Store, "liftBlocks"> {
  return {
    liftBlocks(prefix, lift) {
      return engine.writer.transaction().execute(async (trx) => {
        await lockBlocks(engine, trx, "lift");
        const rows = await trx
          .selectFrom("blocks")
          .select(blockColumns)
          .where(mayOverlap(engine, prefix))
          .where("ended_at", "is", null)
          .where("expires_at", ">", lift.now.getTime())
          .execute();
        // Sorted here: to spare itself the sorting, an engine would read all blocks in the order of their beginning.
        const blocks = readBlocks(readRows, rows)
          .filter((block) => prefixesOverlap(block.prefix, prefix))
          .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
        if (lift.graceUntil <= lift.now) {
          await endGraces(engine, trx, prefix, lift.now);
        }
        if (blocks.length === 0) {
          return [];
        }
        await endLifted(engine, trx, blocks, lift);
        await insertLift(trx, prefix, lift);
        const address = networkOf(prefix);
        const reason = `let out: ${lift.reason}`;
        const ended =
          prefix === prefixOf(address)
            ? await supersedeHold(trx, address, { ...lift, reason, decisionId: null })
            : [];
        await appendReceipts(engine, trx, [liftReceipt(prefix, lift, blocks), ...ended]);
        return blocks;
      });
    },
  };
}

/** Ends these standing blocks and takes them off every firewall. The receipt is the caller's. */
export async function endLifted(
  engine: Engine,
  db: Queries,
  blocks: readonly Block[],
  { actor, reason, now, graceUntil }: Lift,
): Promise<void> {
  const ids = blocks.map(({ id }) => id);
  await db
    .updateTable("blocks")
    .set({
      ended_at: now.getTime(),
      lifted_by: storable(actor),
      lift_reason: storable(reason),
      grace_until: graceUntil.getTime(),
    })
    .where(isOneOf(engine, "id", ids))
    .execute();
  await queueRemovals(engine, db, ids, now);
}
