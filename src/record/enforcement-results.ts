import { type RawBuilder, sql } from "kysely";
import type { EnforcementState } from "../domain/block.ts";
import type { BlockDrops, EnforcementResult, Store } from "../ports.ts";
import { type Engine, inChunks, isOneOf, nextTurn, type Queries, storable } from "./engine.ts";
import { tellExpired, tellResults } from "./events/tell-blocks.ts";
import { tellsEvents } from "./events/insert-events.ts";
import { hastenNotifications } from "./hasten-notifications.ts";

/** Rows per transaction in bulk calls; about 20 ms of a processor. */
const chunkRows = 2000;

/** What became of blocks on firewalls. */
export function createEnforcementResults(
  engine: Engine,
): Pick<Store, "recordEnforcements" | "recordDrops" | "expireEnforcements"> {
  const { writer } = engine;
  return {
    async recordEnforcements(firewall, results, now) {
      await inChunks(results, chunkRows, async (chunk) => {
        await recordAndTell(engine, firewall, chunk, now);
        // Afterwards, so that of two firewalls that finish at once the later one sees both. Dying in between delays a message.
        await hastenNotifications(engine, chunk, now);
      });
    },

    async recordDrops(firewall, drops) {
      await inChunks(drops, chunkRows, (chunk) => addDrops(engine, firewall, chunk));
    },

    async expireEnforcements(firewall, since, now) {
      let last = { id: "", expires_at: since.getTime() + 1 };
      for (;;) {
        const page = await expiredBlocks(engine, last, now);
        const ids = page.map(({ id }) => id);
        await writer.transaction().execute((trx) => markExpired(engine, trx, { firewall, ids, now }));
        const next = page.at(-1);
        if (next === undefined || page.length < chunkRows) {
          return;
        }
        last = next;
        await nextTurn();
      }
    },
  };
}

/** One statement, unless somebody is to be told. */
async function recordAndTell(
  engine: Engine,
  firewall: string,
  results: readonly EnforcementResult[],
  now: Date,
): Promise<void> {
  const record = (db: Queries): Promise<void> => recordResults(db, resultsOf(engine, results), firewall, now);
  if (!tellsEvents(engine)) {
    await record(engine.writer);
    return;
  }
  await engine.writer.transaction().execute(async (trx) => {
    await tellResults(engine, trx, results, { firewall, now });
    await record(trx);
  });
}

interface ResultRow {
  block_id: string;
  new_state: EnforcementResult["state"];
  new_error: string | null;
}

/** The results as a table, in one parameter. */
function resultsOf(engine: Engine, results: readonly EnforcementResult[]): RawBuilder<ResultRow> {
  const json = JSON.stringify(results.map(({ blockId, state, error }) => [blockId, state, storable(error)]));
  return sql`(select value ->> 0 as block_id, value ->> 1 as new_state, value ->> 2 as new_error from ${elementsOf(engine, json)})`;
}

/** A JSON list as rows, each with its element as `value`. */
function elementsOf(engine: Engine, json: string): RawBuilder<unknown> {
  return engine.kind === "sqlite" ? sql`json_each(${json})` : sql`json_array_elements(${json}::json)`;
}

/**
 * A result may come after somebody has lifted the block: then only `lifted` says anything about its state,
 * or an unblock would be lost. And a late `lifted` says nothing about a block that is not being lifted.
 */
async function recordResults(
  db: Queries,
  results: RawBuilder<ResultRow>,
  firewall: string,
  now: Date,
): Promise<void> {
  const moment = sql<number>`cast(${now.getTime()} as bigint)`;
  const keepsLifting = sql<boolean>`(enforcements.state = 'lifting' and r.new_state <> 'lifted')`;
  const keepsTimes = sql<boolean>`(${keepsLifting} or r.new_state in ('lifted', 'withdrawn'))`;
  await db
    .updateTable("enforcements")
    .from(results.as("r"))
    .set({
      state: sql<EnforcementState>`case when ${keepsLifting} then 'lifting' else r.new_state end`,
      error: sql<string | null>`r.new_error`,
      queued_at: sql<number | null>`case
        when ${keepsLifting} then enforcements.queued_at
        when r.new_state = 'withdrawn' then ${moment} end`,
      applied_at: sql<number | null>`case
        when ${keepsTimes} then enforcements.applied_at
        when r.new_state in ('applied', 'verified') then coalesce(enforcements.applied_at, ${moment}) end`,
      verified_at: sql<number | null>`case
        when ${keepsTimes} then enforcements.verified_at
        when r.new_state <> 'verified' then null
        when enforcements.state = 'verified' then enforcements.verified_at
        else ${moment} end`,
      ended_at: sql<number | null>`case when r.new_state = 'lifted' then ${moment} end`,
    })
    .whereRef("enforcements.block_id", "=", "r.block_id")
    .where("enforcements.firewall", "=", firewall)
    .where("enforcements.state", "not in", ["lifted", "expired"])
    .where(sql<boolean>`(r.new_state <> 'lifted' or enforcements.state = 'lifting')`)
    .execute();
}

interface DropsRow {
  block_id: string;
  new_packets: number;
  new_bytes: number;
}

/** What can be told exactly, here and in JSON. A counter that somebody has set to more says nothing anyway. */
const most = Number.MAX_SAFE_INTEGER;

async function addDrops(engine: Engine, firewall: string, drops: readonly BlockDrops[]): Promise<void> {
  const json = JSON.stringify(
    drops.map(({ blockId, packets, bytes }) => [blockId, Math.min(packets, most), Math.min(bytes, most)]),
  );
  const counted = sql<DropsRow>`(
    select value ->> 0 as block_id, cast(value ->> 1 as bigint) as new_packets, cast(value ->> 2 as bigint) as new_bytes
    from ${elementsOf(engine, json)})`;
  const isNewEntry = sql<boolean>`(r.new_packets < enforcements.packets_seen or r.new_bytes < enforcements.bytes_seen)`;
  const sum = (total: string, seen: string, count: string): RawBuilder<number> => {
    const added = sql`${sql.ref(total)} + ${sql.ref(count)} - case when ${isNewEntry} then 0 else ${sql.ref(seen)} end`;
    return sql`case when ${added} > ${sql.lit(most)} then ${sql.lit(most)} else ${added} end`;
  };
  await engine.writer
    .updateTable("enforcements")
    .from(counted.as("r"))
    .set({
      packets: sum("enforcements.packets", "enforcements.packets_seen", "r.new_packets"),
      bytes: sum("enforcements.bytes", "enforcements.bytes_seen", "r.new_bytes"),
      packets_seen: sql<number>`r.new_packets`,
      bytes_seen: sql<number>`r.new_bytes`,
    })
    .whereRef("enforcements.block_id", "=", "r.block_id")
    .where("enforcements.firewall", "=", firewall)
    // Read every minute from perhaps 100,000 entries, most of which have dropped nothing since.
    .where(
      sql<boolean>`(r.new_packets <> enforcements.packets_seen or r.new_bytes <> enforcements.bytes_seen)`,
    )
    .execute();
}

/** One page of what ended by time, in the order in which it ended. */
function expiredBlocks(
  { reader }: Engine,
  last: { readonly id: string; readonly expires_at: number },
  now: Date,
): Promise<{ id: string; expires_at: number }[]> {
  return reader
    .selectFrom("blocks")
    .select(["id", "expires_at"])
    .where((eb) => eb(eb.refTuple("expires_at", "id"), ">", eb.tuple(last.expires_at, last.id)))
    .where("expires_at", "<=", now.getTime())
    .orderBy("expires_at")
    .orderBy("id")
    .limit(chunkRows)
    .execute();
}

interface Expired {
  readonly firewall: string;
  readonly ids: readonly string[];
  readonly now: Date;
}

async function markExpired(engine: Engine, db: Queries, { firewall, ids, now }: Expired): Promise<void> {
  await tellExpired(engine, db, ids, { firewall, now });
  await db
    .updateTable("enforcements")
    .set({ state: "expired", ended_at: now.getTime(), queued_at: null })
    .where("firewall", "=", firewall)
    .where(isOneOf(engine, "block_id", ids))
    .where("state", "not in", ["lifting", "lifted", "expired"])
    .execute();
  // The first firewall that comes here does it for all. Who finds it locked leaves it to the other.
  const skipLocked = engine.kind === "postgres" ? sql`for update skip locked` : sql``;
  await db
    .updateTable("blocks")
    .set((eb) => ({ ended_at: eb.ref("expires_at") }))
    .where(
      sql<boolean>`id in (select id from blocks where ${isOneOf(engine, "id", ids)} and ended_at is null ${skipLocked})`,
    )
    .execute();
}
