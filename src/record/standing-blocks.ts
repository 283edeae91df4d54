import type { Block } from "../domain/block.ts";
import { createGroup } from "../group-commit.ts";
import type { Store } from "../ports.ts";
import { type Engine, nextTurn } from "./engine.ts";
import { type BlockColumns, blockColumns, readBlocks, type RecallBlock } from "./read-blocks.ts";
import type { ReadRows } from "./read-rows.ts";

/** Blocks per query. SQLite answers synchronously, in about 2 ms; a server has each page to find anew. */
const pageRows = { sqlite: 1000, postgres: 20_000 } as const;

/**
 * Reads all blocks that stand, for reconcilers that ask once a minute each. Those that ask while others are being answered share
 * the next reading, and a block that was read before is the same object again: 100,000 blocks are in memory once.
 */
export function createStandingBlocks(engine: Engine, readRows: ReadRows): Pick<Store, "standingBlocks"> {
  let known: readonly Block[] = [];
  const share = createGroup<Date, readonly Block[]>(async (moments) => {
    const earliest = Math.min(...moments.map((now) => now.getTime()));
    known = await readStanding(engine, readRows, earliest, known);
    return moments.map((now) => standingAt(known, now));
  });
  return { standingBlocks: share };
}

/** In the order in which they end, so that blocks which come and go meanwhile shift nothing. */
async function readStanding(
  engine: Engine,
  readRows: ReadRows,
  nowMs: number,
  known: readonly Block[],
): Promise<readonly Block[]> {
  const recall = createRecall(known);
  const blocks: Block[] = [];
  let last = { expires_at: nowMs + 1, id: "" };
  for (;;) {
    const page = await standingPage(engine, last);
    for (const block of readBlocks(readRows, page, recall)) {
      blocks.push(block);
    }
    const end = page.at(-1);
    if (end === undefined || page.length < pageRows[engine.kind]) {
      return blocks;
    }
    last = { expires_at: end.expires_at, id: end.id };
    await nextTurn();
  }
}

function standingPage(
  { kind, reader }: Engine,
  last: { readonly expires_at: number; readonly id: string },
): Promise<BlockColumns[]> {
  return reader
    .selectFrom("blocks")
    .select(blockColumns)
    .where("mode", "=", "enforce")
    .where("ended_at", "is", null)
    .where((eb) => eb(eb.refTuple("expires_at", "id"), ">", eb.tuple(last.expires_at, last.id)))
    .orderBy("expires_at")
    .orderBy("id")
    .limit(pageRows[kind])
    .execute();
}

/** Finds what was read before by going through it along with the rows, which come in the same order. */
function createRecall(known: readonly Block[]): RecallBlock {
  let index = 0;
  return (row) => {
    let block = known[index];
    while (block !== undefined && isBefore(block, row)) {
      index += 1;
      block = known[index];
    }
    return block !== undefined && isSame(block, row) ? block : undefined;
  };
}

function isBefore({ id, expiresAt }: Block, row: BlockColumns): boolean {
  const ms = expiresAt.getTime();
  return ms < row.expires_at || (ms === row.expires_at && id < row.id);
}

function isSame(block: Block, row: BlockColumns): boolean {
  return (
    block.id === row.id &&
    block.prefix === row.prefix &&
    block.decisionId === row.decision_id &&
    block.mode === row.mode &&
    block.createdAt.getTime() === row.created_at &&
    block.expiresAt.getTime() === row.expires_at &&
    (block.groups === null ? row.groups === null : JSON.stringify(block.groups) === row.groups)
  );
}

/** @param blocks in the order in which they end */
function standingAt(blocks: readonly Block[], now: Date): readonly Block[] {
  const first = blocks.findIndex(({ expiresAt }) => expiresAt > now);
  return first === 0 ? blocks : first === -1 ? [] : blocks.slice(first);
}
