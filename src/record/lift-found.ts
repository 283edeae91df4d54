import type { Block } from "../domain/block.ts";
import type { Act } from "../ports.ts";
import { type Engine, inChunks, type Queries } from "./engine.ts";
import { endLifted } from "./lift-blocks.ts";

/** Rows per statement; about 20 ms of a processor. */
const chunkRows = 2000;

/** Lifts standing blocks without a grace: what keeps them from being placed again is something else. The receipt is the caller's. */
export async function liftFound(
  engine: Engine,
  db: Queries,
  blocks: readonly Block[],
  act: Act,
): Promise<void> {
  await inChunks(blocks, chunkRows, (chunk) => endLifted(engine, db, chunk, { ...act, graceUntil: act.now }));
}
