import type { Store } from "../ports.ts";
import type { Engine } from "./engine.ts";
import { liftFound } from "./lift-found.ts";
import { endGraces, insertLift } from "./lifts.ts";
import { lockBlocks } from "./lock-blocks.ts";
import { findOverlapping } from "./overlapping-blocks.ts";
import type { ReadRows } from "./read-rows.ts";
import { liftReceipt } from "./receipt-bodies.ts";
import { appendReceipts } from "./receipts.ts";
import { supersedeHoldsIn } from "./supersede-holds-in.ts";

/** Ending blocks. */
export function createLifting(engine: Engine, readRows: ReadRows): Pick<Store, "liftBlocks"> {
  return {
    liftBlocks(prefix, lift) {
      return engine.writer.transaction().execute(async (trx) => {
        await lockBlocks(engine, trx, "lift");
        const named = [{ prefix, why: lift.reason }];
        const found = await findOverlapping({ engine, db: trx, readRows }, named, lift.now);
        const blocks = found.map(({ block }) => block);
        if (lift.graceUntil <= lift.now) {
          await endGraces(engine, trx, prefix, lift.now);
        }
        if (blocks.length === 0) {
          return [];
        }
        await liftFound(engine, trx, blocks, lift);
        await insertLift(trx, prefix, lift);
        const reason = `let out: ${lift.reason}`;
        const ended = await supersedeHoldsIn(engine, trx, prefix, { ...lift, reason, decisionId: null });
        await appendReceipts(engine, trx, [liftReceipt(prefix, lift, blocks), ...ended]);
        return blocks;
      });
    },
  };
}
