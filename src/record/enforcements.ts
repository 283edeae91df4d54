import { type RawBuilder, sql } from "kysely";
import type { EnforcementState } from "../domain/block.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { EnforcementResult, Store } from "../ports.ts";
import { type Engine, inChunks, type Queries, storable, isOneOf } from "./engine.ts";
import { hastenNotifications } from "./hasten-notifications.ts";
import type { ReadRows } from "./read-rows.ts";
import { RequestedChangeRow } from "./rows.ts";

/** Rows per transaction in bulk calls; about 20 ms of a processor. */
const chunkRows = 2000;

/** Firewalls per insert; 6 columns each. */
const requestsPerInsert = 1000;

/** What each block waits for on each firewall. */
export function createEnforcementRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "requestedChanges" | "requestEnforcements" | "recordEnforcements" | "noteEnforcementFault"> {
  const { reader, writer } = engine;
  return {
    async requestedChanges(firewall, now, limit) {
      const rows = await requestedRows(reader, firewall, now, limit);
      return readRows(rows, { table: "blocks", schema: RequestedChangeRow, idOf: ({ id }) => id }).readable;
    },

    async requestEnforcements(firewall, blockIds, now) {
      await inChunks(blockIds, chunkRows, (ids) => requestMissing(engine, firewall, ids, now));
    },

    async recordEnforcements(firewall, results, now) {
      await inChunks(results, chunkRows, async (chunk) => {
        await recordResults(writer, resultsOf(engine, chunk), firewall, now);
        // Afterwards, so that of two firewalls that finish at once the later one sees both. Dying in between delays a message.
        await hastenNotifications(engine, chunk, now);
      });
    },

    async noteEnforcementFault(firewall, error) {
      await writer
        .updateTable("enforcements")
        .set({ error: storable(error) })
        .where("firewall", "=", firewall)
        .where("queued_at", "is not", null)
        // Tried every few seconds on perhaps 100,000 rows: what says so already is not written again.
        .where("error", "is distinct from", storable(error))
        .execute();
    },
  };
}

/** Asks the firewalls for a block that is new. */
export async function queueRequests(
  db: Queries,
  blockId: string,
  firewalls: readonly string[],
  now: Date,
): Promise<void> {
  for (let start = 0; start < firewalls.length; start += requestsPerInsert) {
    await db
      .insertInto("enforcements")
      .values(
        firewalls.slice(start, start + requestsPerInsert).map((firewall) => ({
          block_id: blockId,
          firewall,
          state: "requested" as const,
          requested_at: now.getTime(),
          queued_at: now.getTime(),
        })),
      )
      .onConflict((conflict) => conflict.columns(["block_id", "firewall"]).doNothing())
      .execute();
  }
}

/** Takes lifted blocks off every firewall, also where they were only requested: they may be half applied there. */
export async function queueRemovals(db: Queries, blockIds: readonly string[], now: Date): Promise<void> {
  if (blockIds.length > 0) {
    await db
      .updateTable("enforcements")
      .set({ state: "lifting", queued_at: now.getTime(), error: null })
      .where("block_id", "in", blockIds)
      .where("state", "!=", "lifted")
      .execute();
  }
}

/** The network stands again: what was still to be taken off for an older block stays where it is. */
export async function supersedeRemovals(db: Queries, prefix: IpPrefix, newBlockId: string): Promise<void> {
  const lifted = await db
    .selectFrom("blocks")
    .select("id")
    .where("prefix", "=", prefix)
    .where("lifted_by", "is not", null)
    .execute();
  if (lifted.length > 0) {
    await db
      .updateTable("enforcements")
      .set({ state: "lifted", queued_at: null, error: `blocked again by ${newBlockId}` })
      .where("state", "=", "lifting")
      .where(
        "block_id",
        "in",
        lifted.map(({ id }) => id),
      )
      .execute();
  }
}

function requestedRows(db: Queries, firewall: string, now: Date, limit: number) {
  return db
    .selectFrom("enforcements as e")
    .innerJoin("blocks as b", "b.id", "e.block_id")
    .select(["b.id", "b.prefix", "b.expires_at", "e.state"])
    .where("e.firewall", "=", firewall)
    .where("e.queued_at", "is not", null)
    .where((eb) =>
      eb.or([
        eb.and([
          eb("e.state", "=", "requested"),
          eb("b.ended_at", "is", null),
          eb("b.expires_at", ">", now.getTime()),
        ]),
        eb.and([
          eb("e.state", "=", "lifting"),
          // Never takes off what stands again.
          eb.not(
            eb.exists(
              eb
                .selectFrom("blocks as s")
                .select("s.id")
                .whereRef("s.prefix", "=", "b.prefix")
                .where("s.mode", "=", "enforce")
                .where("s.ended_at", "is", null)
                .where("s.expires_at", ">", now.getTime()),
            ),
          ),
        ]),
      ]),
    )
    .orderBy("e.queued_at")
    .orderBy("e.block_id")
    .limit(limit)
    .execute();
}

async function requestMissing(
  engine: Engine,
  firewall: string,
  blockIds: readonly string[],
  now: Date,
): Promise<void> {
  const request = { state: "requested" as const, requested_at: now.getTime(), queued_at: now.getTime() };
  await engine.writer
    .insertInto("enforcements")
    .columns(["block_id", "firewall", "state", "requested_at", "queued_at"])
    .expression((eb) =>
      eb
        .selectFrom("blocks")
        .select([
          "id",
          sql<string>`${firewall}`.as("firewall"),
          sql<EnforcementState>`${request.state}`.as("state"),
          sql<number>`cast(${request.requested_at} as bigint)`.as("requested_at"),
          sql<number>`cast(${request.queued_at} as bigint)`.as("queued_at"),
        ])
        .where(isOneOf(engine, "id", blockIds))
        .where("mode", "=", "enforce")
        .where("ended_at", "is", null),
    )
    .onConflict((conflict) =>
      conflict
        .columns(["block_id", "firewall"])
        .doUpdateSet(request)
        .where("enforcements.state", "=", "failed"),
    )
    .execute();
}

interface ResultRow {
  block_id: string;
  new_state: EnforcementResult["state"];
  new_error: string | null;
}

/** The results as a table, in one parameter. */
function resultsOf(engine: Engine, results: readonly EnforcementResult[]): RawBuilder<ResultRow> {
  const json = JSON.stringify(results.map(({ blockId, state, error }) => [blockId, state, storable(error)]));
  return engine.kind === "sqlite"
    ? sql`(select value ->> 0 as block_id, value ->> 1 as new_state, value ->> 2 as new_error from json_each(${json}))`
    : sql`(select value ->> 0 as block_id, value ->> 1 as new_state, value ->> 2 as new_error from json_array_elements(${json}::json))`;
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
  const keepsLifting = sql<boolean>`(enforcements.state = 'lifting' and r.new_state <> 'lifted')`;
  await db
    .updateTable("enforcements")
    .from(results.as("r"))
    .set({
      state: sql<EnforcementState>`case when ${keepsLifting} then 'lifting' else r.new_state end`,
      error: sql<string | null>`r.new_error`,
      queued_at: sql<number | null>`case when ${keepsLifting} then enforcements.queued_at end`,
      verified_at: sql<number | null>`case
        when ${keepsLifting} or r.new_state = 'lifted' then enforcements.verified_at
        when r.new_state <> 'verified' then null
        when enforcements.state = 'verified' then enforcements.verified_at
        else cast(${now.getTime()} as bigint) end`,
    })
    .whereRef("enforcements.block_id", "=", "r.block_id")
    .where("enforcements.firewall", "=", firewall)
    .where("enforcements.state", "!=", "lifted")
    .where(sql<boolean>`(r.new_state <> 'lifted' or enforcements.state = 'lifting')`)
    .execute();
}
