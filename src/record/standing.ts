import type { Selectable } from "kysely";
import type { Block } from "../domain/block.ts";
import type { Store } from "../ports.ts";
import { blockColumns } from "./blocks.ts";
import { coveringPrefixes } from "./covering-prefixes.ts";
import { type Engine, inChunks, isOneOf, nextTurn } from "./engine.ts";
import { heldUntil } from "./holds.ts";
import type { ReadRows } from "./read-rows.ts";
import { BlockRow } from "./rows.ts";
import type { Schema } from "./schema.ts";

/** Blocks per query. SQLite answers synchronously, in about 5 ms; a server has each page to find anew. */
const pageRows = { sqlite: 5000, postgres: 50_000 } as const;

/** Blocks checked at once; about 10 ms of a processor. */
const chunkRows = 2500;

/** Which blocks and holds stand. */
export function createStandingReads(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "standingOf" | "standingBlocks"> {
  const { reader } = engine;
  return {
    async standingOf(ip, mode, now) {
      const ms = now.getTime();
      const rows = await reader
        .selectFrom("blocks")
        .select([...blockColumns, "grace_until"])
        .where(isOneOf(engine, "prefix", coveringPrefixes(ip)))
        .where((eb) =>
          eb.or([
            eb.and([eb("mode", "=", mode), eb("ended_at", "is", null), eb("expires_at", ">", ms)]),
            eb("grace_until", ">", ms),
          ]),
        )
        .execute();
      // Sorted here: to spare itself the sorting, PostgreSQL would read all blocks in the order of their ends.
      rows.sort((a, b) => b.expires_at - a.expires_at);
      // Only a lifted block has a grace period.
      const standing = rows.find((row) => row.grace_until === null);
      const graceUntil = Math.max(...rows.map((row) => row.grace_until ?? 0));
      return {
        block: standing === undefined ? null : BlockRow.parse(standing),
        heldUntil: dateOf(await heldUntil(reader, ip, now)),
        graceUntil: graceUntil > 0 ? new Date(graceUntil) : null,
      };
    },

    async standingBlocks(now) {
      const blocks: Block[] = [];
      let page: readonly PageRow[] = [];
      do {
        page = await standingPage(engine, now, page.at(-1));
        await inChunks(page, chunkRows, (chunk) => {
          blocks.push(
            ...readRows(chunk, { table: "blocks", schema: BlockRow, idOf: ({ id }) => id }).readable,
          );
        });
        await nextTurn();
      } while (page.length === pageRows[engine.kind]);
      return blocks;
    },
  };
}

type PageRow = Pick<Selectable<Schema["blocks"]>, (typeof blockColumns)[number]>;

/** One page, in the order in which blocks end, so that those which come and go meanwhile shift nothing. */
function standingPage({ kind, reader }: Engine, now: Date, last: PageRow | undefined): Promise<PageRow[]> {
  return reader
    .selectFrom("blocks")
    .select(blockColumns)
    .where("mode", "=", "enforce")
    .where("ended_at", "is", null)
    .where((eb) =>
      eb(
        eb.refTuple("expires_at", "id"),
        ">",
        eb.tuple(last?.expires_at ?? now.getTime() + 1, last?.id ?? ""),
      ),
    )
    .orderBy("expires_at")
    .orderBy("id")
    .limit(pageRows[kind])
    .execute();
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
