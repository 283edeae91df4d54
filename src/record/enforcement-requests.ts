import { sql } from "kysely";
import { beingTried, type EnforcementState } from "../domain/block.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { Store } from "../ports.ts";
import { type Engine, inChunks, isOneOf, type Queries, storable } from "./engine.ts";

/** Rows per transaction in bulk calls; about 20 ms of a processor. */
const chunkRows = 2000;

/** Firewalls per insert; 6 columns each. */
const requestsPerInsert = 1000;

/** Asking firewalls for blocks. */
export function createEnforcementRequests(
  engine: Engine,
): Pick<Store, "requestEnforcements" | "beginTrial" | "retryWithdrawn" | "noteEnforcementFault"> {
  const { writer } = engine;
  return {
    async requestEnforcements(firewall, blockIds, now) {
      await inChunks(blockIds, chunkRows, (ids) => requestMissing(engine, firewall, ids, now));
    },

    async beginTrial(firewall, blockIds, now) {
      await inChunks(blockIds, chunkRows, async (ids) => {
        await writer
          .updateTable("enforcements")
          .set({ state: "withdrawn", queued_at: now.getTime(), error: beingTried })
          .where("firewall", "=", firewall)
          .where(isOneOf(engine, "block_id", ids))
          .where("state", "=", "requested")
          .execute();
      });
    },

    async retryWithdrawn(firewall, now) {
      await writer
        .updateTable("enforcements")
        .set({ state: "requested", requested_at: now.getTime(), queued_at: now.getTime(), error: null })
        .where("firewall", "=", firewall)
        .where("queued_at", "is not", null)
        .where("state", "=", "withdrawn")
        .execute();
    },

    async noteEnforcementFault(firewall, error) {
      await writer
        .updateTable("enforcements")
        .set({ error: storable(error) })
        .where("firewall", "=", firewall)
        .where("queued_at", "is not", null)
        .where("state", "!=", "withdrawn")
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

/**
 * Asks the firewalls that were asked for one block for the block that takes its place. The counters of the entry in the kernel
 * may go on or begin anew.
 */
export async function takeOverRequests(
  db: Queries,
  { from, to }: { readonly from: string; readonly to: string },
  now: Date,
): Promise<void> {
  const moment = sql<number>`cast(${now.getTime()} as bigint)`;
  await db
    .insertInto("enforcements")
    .columns(["block_id", "firewall", "state", "requested_at", "queued_at", "packets_seen", "bytes_seen"])
    .expression((eb) =>
      eb
        .selectFrom("enforcements")
        .select([
          sql<string>`${to}`.as("block_id"),
          "firewall",
          sql<EnforcementState>`'requested'`.as("state"),
          moment.as("requested_at"),
          moment.as("queued_at"),
          "packets_seen",
          "bytes_seen",
        ])
        .where("block_id", "=", from),
    )
    .execute();
  await db
    .updateTable("enforcements")
    .set({ state: "expired", ended_at: now.getTime(), queued_at: null, error: `replaced by ${to}` })
    .where("block_id", "=", from)
    .execute();
}

/** Takes lifted blocks off every firewall, also where they were only requested: they may be half applied there. */
export async function queueRemovals(
  engine: Engine,
  db: Queries,
  blockIds: readonly string[],
  now: Date,
): Promise<void> {
  await db
    .updateTable("enforcements")
    .set({ state: "lifting", queued_at: now.getTime(), error: null })
    .where(isOneOf(engine, "block_id", blockIds))
    .where("state", "not in", ["lifted", "expired"])
    .execute();
}

/** The network stands again: where it was asked for, what was still to be taken off for an older block stays. */
export async function supersedeRemovals(
  db: Queries,
  prefix: IpPrefix,
  newBlockId: string,
  now: Date,
): Promise<void> {
  const lifted = await db
    .selectFrom("blocks")
    .select("id")
    .where("prefix", "=", prefix)
    .where("lifted_by", "is not", null)
    .execute();
  if (lifted.length > 0) {
    await db
      .updateTable("enforcements")
      .set({
        state: "lifted",
        ended_at: now.getTime(),
        queued_at: null,
        error: `blocked again by ${newBlockId}`,
      })
      .where("state", "=", "lifting")
      .where(
        "block_id",
        "in",
        lifted.map(({ id }) => id),
      )
      .where("firewall", "in", (eb) =>
        eb.selectFrom("enforcements as n").select("n.firewall").where("n.block_id", "=", newBlockId),
      )
      .execute();
  }
}

async function requestMissing(
  engine: Engine,
  firewall: string,
  blockIds: readonly string[],
  now: Date,
): Promise<void> {
  const moment = sql<number>`cast(${now.getTime()} as bigint)`;
  await engine.writer
    .insertInto("enforcements")
    .columns(["block_id", "firewall", "state", "requested_at", "queued_at"])
    .expression((eb) =>
      eb
        .selectFrom("blocks")
        .select([
          "id",
          sql<string>`${firewall}`.as("firewall"),
          sql<EnforcementState>`'requested'`.as("state"),
          moment.as("requested_at"),
          moment.as("queued_at"),
        ])
        .where(isOneOf(engine, "id", blockIds))
        .where("mode", "=", "enforce")
        .where("ended_at", "is", null),
    )
    .onConflict((conflict) =>
      conflict
        .columns(["block_id", "firewall"])
        // Not `requested_at`: one that fails again and again must not keep others waiting for it.
        .doUpdateSet({ state: "requested", queued_at: now.getTime() })
        .where("enforcements.state", "in", ["failed", "applied", "refused"]),
    )
    .execute();
}
