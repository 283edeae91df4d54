import { type RawBuilder, sql } from "kysely";
import type { CanaryRule, RequestedChangesOptions, Store } from "../ports.ts";
import type { Engine, Queries } from "./engine.ts";
import { readRequestedChanges } from "./read-blocks.ts";
import type { ReadRows } from "./read-rows.ts";

/** What waits for firewalls, and what waits for a canary first. */
export function createRequestedReads(
  { reader }: Engine,
  readRows: ReadRows,
): Pick<Store, "requestedChanges" | "withheldBlocks" | "withdrawnBlocks" | "backlogs"> {
  return {
    async requestedChanges(firewall, options) {
      return readRequestedChanges(readRows, await requestedRows(reader, firewall, options));
    },

    async withdrawnBlocks(firewall, now) {
      const rows = await reader
        .selectFrom("enforcements as e")
        .innerJoin("blocks as b", "b.id", "e.block_id")
        .select("e.block_id")
        .where("e.firewall", "=", firewall)
        .where("e.queued_at", "is not", null)
        .where("e.state", "=", "withdrawn")
        .where("b.ended_at", "is", null)
        .where("b.expires_at", ">", now.getTime())
        .execute();
      return new Set(rows.map(({ block_id }) => block_id));
    },

    async withheldBlocks(canary, now) {
      if (canary.canaries.length === 0) {
        return new Set();
      }
      const standing = sql`join blocks b on b.id = c.block_id
        where c.firewall in (${sql.join(canary.canaries)}) and b.ended_at is null and b.expires_at > ${now.getTime()}
          and ${holdsBack(canary)}`;
      // Each half by an index that holds nothing else.
      const { rows } = await sql<{ block_id: string }>`
        select c.block_id from enforcements c ${standing} and c.queued_at is not null
        union select c.block_id from enforcements c ${standing} and c.state in ('applied', 'failed')`.execute(
        reader,
      );
      return new Set(rows.map(({ block_id }) => block_id));
    },

    async backlogs(now) {
      const rows = await reader
        .selectFrom("enforcements as e")
        .innerJoin("blocks as b", "b.id", "e.block_id")
        .select((eb) => [
          "e.firewall",
          eb.fn.countAll<number>().as("pending"),
          eb.fn.min<number>("e.queued_at").as("oldest_at"),
        ])
        .where(isPending(now))
        .groupBy("e.firewall")
        .orderBy("e.firewall")
        .execute();
      return rows.map(({ firewall, pending, oldest_at }) => ({
        firewall,
        pending,
        oldestAt: new Date(oldest_at),
      }));
    },
  };
}

/** True for an enforcement `e` of block `b` that a firewall still has something to do for. */
export function isPending(now: Date): RawBuilder<boolean> {
  return sql`(e.queued_at is not null and (e.state = 'lifting' or (e.state = 'requested' and b.expires_at > ${now.getTime()})))`;
}

function requestedRows(
  db: Queries,
  firewall: string,
  { now, limit, canary, removalsOnly = false }: RequestedChangesOptions,
) {
  const heldBack = canary === undefined ? sql<boolean>`false` : isHeldBack(firewall, canary);
  return db
    .selectFrom("enforcements as e")
    .innerJoin("blocks as b", "b.id", "e.block_id")
    .select(["b.id", "b.prefix", "b.expires_at", "e.state"])
    .where("e.firewall", "=", firewall)
    .where("e.queued_at", "is not", null)
    .$if(removalsOnly, (query) => query.where("e.state", "=", "lifting"))
    .where((eb) =>
      eb.or([
        eb.and([
          eb("e.state", "=", "requested"),
          eb("b.ended_at", "is", null),
          eb("b.expires_at", ">", now.getTime()),
          eb.not(heldBack),
        ]),
        eb.and([eb("e.state", "=", "lifting"), eb.not(standsAgain(now))]),
      ]),
    )
    .orderBy("e.queued_at")
    .orderBy("e.block_id")
    .limit(limit)
    .execute();
}

/** True when the network of block `b` stands again on the firewall of `e`: then nothing is to be taken off. */
function standsAgain(now: Date): RawBuilder<boolean> {
  return sql`exists (
    select 1 from blocks s join enforcements o on o.block_id = s.id and o.firewall = e.firewall
    where s.prefix = b.prefix and s.mode = 'enforce' and s.ended_at is null and s.expires_at > ${now.getTime()}
      and o.state <> 'withdrawn')`;
}

/** True when the block of `e` must not be added to this firewall yet. */
function isHeldBack(firewall: string, canary: CanaryRule): RawBuilder<boolean> {
  const others = canary.canaries.filter((name) => name !== firewall);
  return others.length === 0
    ? sql`false`
    : sql`exists (
        select 1 from enforcements c
        where c.block_id = e.block_id and c.firewall in (${sql.join(others)}) and ${holdsBack(canary)})`;
}

/**
 * True when the enforcement `c` on a canary keeps its block from all others: it was withdrawn, or it is not in force there and the
 * canary is not given up yet. A block that is in force elsewhere has shown that it does no harm there.
 */
function holdsBack({ canaries, awaited, barring, givenUpBefore }: CanaryRule): RawBuilder<boolean> {
  return sql`((${isOn(barring)} and c.state = 'withdrawn'
      or ${isOn(awaited)} and c.state in ('requested', 'applied', 'failed') and c.requested_at > ${givenUpBefore.getTime()})
    and not exists (
      select 1 from enforcements v
      where v.block_id = c.block_id and v.state = 'verified' and v.firewall not in (${sql.join(canaries)})))`;
}

function isOn(firewalls: readonly string[]): RawBuilder<boolean> {
  return firewalls.length === 0 ? sql`false` : sql`c.firewall in (${sql.join(firewalls)})`;
}
