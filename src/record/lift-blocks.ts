import { networkOf, prefixesOverlap, prefixOf } from "../domain/ip-address.ts";
import type { Store } from "../ports.ts";
import { queueRemovals } from "./enforcement-requests.ts";
import { type Engine, isOneOf, storable } from "./engine.ts";
import { endHold } from "./holds.ts";
import { insertLift } from "./lifts.ts";
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
          .orderBy("created_at", "desc")
          .orderBy("id", "desc")
          .execute();
        const blocks = readBlocks(readRows, rows).filter((block) => prefixesOverlap(block.prefix, prefix));
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
