import type { Block } from "../domain/block.ts";
import type { Lift } from "../ports.ts";
import { queueRemovals } from "./enforcement-requests.ts";
import { tellLifts } from "./events/tell-blocks.ts";
import { type Engine, inChunks, isOneOf, type Queries, storable } from "./engine.ts";

/** Rows per statement; about 20 ms of a processor. */
const chunkRows = 2000;

/** Ends these standing blocks and takes them off every firewall. The receipt is the caller's. */
export async function liftFound(
  engine: Engine,
  db: Queries,
  blocks: readonly Block[],
  lift: Lift,
): Promise<void> {
  await inChunks(blocks, chunkRows, (chunk) => endLifted(engine, db, chunk, lift));
}

async function endLifted(engine: Engine, db: Queries, blocks: readonly Block[], lift: Lift): Promise<void> {
  const { actor, reason, now, graceUntil } = lift;
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
  await tellLifts(engine, db, blocks, lift);
}
