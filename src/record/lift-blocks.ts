import { networkOf, prefixesOverlap, prefixOf } from "../domain/ip-address.ts";
import type { Store } from "../ports.ts";
import { queueRemovals } from "./enforcement-requests.ts";
import { type Engine, isOneOf, storable } from "./engine.ts";
import { endHold } from "./holds.ts";
import { endGraces, insertLift } from "./lifts.ts";
import { lockBlocks } from "./lock-blocks.ts";
import { blockColumns, readBlocks } from "./read-blocks.ts";
import type { ReadRows } from "./read-rows.ts";
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
        const ids = blocks.map(({ id }) => id);
        await trx
          .updateTable("blocks")
          .set({
            ended_at: lift.now.getTime(),
            lifted_by: storable(lift.actor),
            lift_reason: storable(lift.reason),
            grace_until: lift.graceUntil.getTime(),
          })
          .where(isOneOf(engine, "id", ids))
          .execute();
        await insertLift(trx, prefix, lift);
        await queueRemovals(engine, trx, ids, lift.now);
        const address = networkOf(prefix);
        if (prefix === prefixOf(address)) {
          await endHold(trx, address, lift.now);
        }
        return blocks;
      });
    },
  };
}
