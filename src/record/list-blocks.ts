import type { Selectable } from "kysely";
import type { Enforcement } from "../domain/block.ts";
import type { BlockReport, Store } from "../ports.ts";
import { type Engine, isOneOf } from "./engine.ts";
import { isOlder, pageOf } from "./page-cursor.ts";
import { blockColumns } from "./read-blocks.ts";
import type { ReadRows } from "./read-rows.ts";
import { covers } from "./related-networks.ts";
import { BlockReportRow, EnforcementRow } from "./rows.ts";
import type { Schema } from "./schema.ts";

const reportColumns = [...blockColumns, "ended_at", "lifted_by", "lift_reason", "grace_until"] as const;

type ReportRow = Pick<Selectable<Schema["blocks"]>, (typeof reportColumns)[number]>;

/** Blocks of one address at most; more than a year of a block a day is in the list of all. */
const mostOnOne = 100;

/** Blocks with what became of them, for people. */
export function createBlockLists(engine: Engine, readRows: ReadRows): Pick<Store, "listBlocks" | "blocksOn"> {
  const { reader } = engine;
  return {
    async listBlocks({ standingOnly, liftingOnly = false, limit, cursor, now }) {
      // One more than wanted tells whether there are more.
      const rows = await reader
        .selectFrom("blocks")
        .select(reportColumns)
        .$if(standingOnly, (query) =>
          query.where("ended_at", "is", null).where("expires_at", ">", now.getTime()),
        )
        .$if(liftingOnly, (query) =>
          query
            .where("expires_at", ">", now.getTime())
            .where("id", "in", (eb) =>
              eb
                .selectFrom("enforcements")
                .select("block_id")
                .where("queued_at", "is not", null)
                .where("state", "=", "lifting"),
            ),
        )
        .where(isOlder(cursor, "created_at"))
        .orderBy("created_at", "desc")
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      const page = pageOf(rows, limit, ({ created_at, id }) => ({ at: created_at, id }));
      return { blocks: await reportsOf(engine, readRows, page.rows, now), next: page.next };
    },

    async blocksOn(prefix, now) {
      const rows = await reader
        .selectFrom("blocks")
        .select(reportColumns)
        .where(covers(engine, prefix))
        .orderBy("created_at", "desc")
        .orderBy("id", "desc")
        .limit(mostOnOne)
        .execute();
      return reportsOf(engine, readRows, rows, now);
    },
  };
}

async function reportsOf(
  engine: Engine,
  readRows: ReadRows,
  rows: readonly ReportRow[],
  now: Date,
): Promise<readonly BlockReport[]> {
  const { readable } = readRows(rows, { table: "blocks", schema: BlockReportRow, idOf: ({ id }) => id });
  const enforcements = await enforcementsOf(
    engine,
    readRows,
    readable.map(({ block }) => block.id),
  );
  return readable.map(({ block, endedAt, lifted }) => {
    const hasEnded = endedAt !== null || block.expiresAt <= now;
    return {
      block,
      state: lifted !== null ? "lifted" : hasEnded ? "ended" : "standing",
      endedAt: endedAt ?? (hasEnded ? block.expiresAt : null),
      lifted,
      enforcements: enforcements.get(block.id) ?? [],
    };
  });
}

async function enforcementsOf(
  engine: Engine,
  readRows: ReadRows,
  blockIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Enforcement[]>> {
  const rows = await engine.reader
    .selectFrom("enforcements")
    .selectAll()
    .where(isOneOf(engine, "block_id", blockIds))
    .orderBy("block_id")
    .orderBy("firewall")
    .execute();
  const { readable } = readRows(rows, {
    table: "enforcements",
    schema: EnforcementRow,
    idOf: ({ block_id, firewall }) => `${block_id} ${firewall}`,
  });
  return Map.groupBy(readable, ({ blockId }) => blockId);
}
