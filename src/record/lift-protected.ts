import type { Block } from "../domain/block.ts";
import type { Store } from "../ports.ts";
import type { Engine } from "./engine.ts";
import { liftFound } from "./lift-found.ts";
import { lockBlocks } from "./lock-blocks.ts";
import {
  type BlockReads,
  findOverlapping,
  type OverlappingBlock,
  standingAmong,
} from "./overlapping-blocks.ts";
import type { ReadRows } from "./read-rows.ts";
import { liftReceipt } from "./receipt-bodies.ts";
import { appendReceipts, type ReceiptDraft } from "./receipts.ts";

const actor = "portcullis";

/** Ending blocks on what must never be blocked. */
export function createProtectedLifting(engine: Engine, readRows: ReadRows): Pick<Store, "liftProtected"> {
  return {
    async liftProtected(networks, now) {
      // Without a transaction: nearly always there is nothing to lift, and what is placed meanwhile was checked when it was decided.
      const found = await findOverlapping({ engine, db: engine.reader, readRows }, networks, now);
      return found.length === 0
        ? []
        : engine.writer.transaction().execute((trx) => lift({ engine, db: trx, readRows }, found, now));
    },
  };
}

async function lift(
  reads: BlockReads,
  found: readonly OverlappingBlock[],
  now: Date,
): Promise<readonly Block[]> {
  const { engine, db } = reads;
  await lockBlocks(engine, db, "lift");
  const lifted: Block[] = [];
  const receipts: ReceiptDraft[] = [];
  for (const [network, those] of Map.groupBy(found, (one) => one.network)) {
    const act = { actor, reason: `protected: ${network.why}`, now };
    const ids = those.map(({ block }) => block.id);
    const blocks = await standingAmong(reads, ids, now);
    if (blocks.length > 0) {
      await liftFound(engine, db, blocks, { ...act, graceUntil: now });
      lifted.push(...blocks);
      receipts.push(liftReceipt(network.prefix, { ...act, graceUntil: now }, blocks));
    }
  }
  await appendReceipts(engine, db, receipts);
  return lifted;
}
