import { sql } from "kysely";
import { createNetworkIndex, type NetworkIndex } from "../domain/network-index.ts";
import { parseIpPrefix } from "../domain/ip-address.ts";
import type { DecisionRecord } from "../ports.ts";
import { type Engine, isOneOf, type Queries } from "./engine.ts";
import { lockBlocks } from "./lock-blocks.ts";
import type { StandingCount } from "./standing-count.ts";

/** Of PostgreSQL's advisory locks, the one for counting new blocks against limits. */
const ratesKey = 0x72617465;

/** What some decisions of one transaction need to know, read once for all of them. */
export interface DecisionBatch {
  readonly engine: Engine;
  readonly db: Queries;
  readonly standing: StandingCount;
  /** Networks that must not be blocked, with the reason. */
  readonly allowed: NetworkIndex;
  /** False when nobody at all is let out. */
  readonly hasGraces: boolean;
  /** Of the networks of this batch, those on which a block is or was. What is placed is added. */
  readonly known: Set<string>;
}

/**
 * Reads it, after nobody can lift blocks or change the allow-list any more until the transaction ends, and nobody else places
 * blocks that limits count.
 */
export async function openBatch(
  engine: Engine,
  db: Queries,
  { standing, records }: { readonly standing: StandingCount; readonly records: readonly DecisionRecord[] },
): Promise<DecisionBatch> {
  const blocks = records.filter(({ decision }) => decision.action === "block");
  await lockBlocks(engine, db, "place");
  if (engine.kind === "postgres" && blocks.some(({ limits }) => limits !== null)) {
    await sql`select pg_advisory_xact_lock(${ratesKey})`.execute(db);
  }
  const earliest = Math.min(...blocks.map(({ decision }) => decision.decidedAt.getTime()));
  return {
    engine,
    db,
    standing,
    allowed: await readAllowed(db, earliest),
    hasGraces: await hasGraces(db, earliest),
    known: await knownPrefixes(
      engine,
      db,
      blocks.map(({ prefix }) => prefix),
    ),
  };
}

async function readAllowed(db: Queries, now: number): Promise<NetworkIndex> {
  const rows = Number.isFinite(now)
    ? await db
        .selectFrom("allow_entries")
        .select(["prefix", "reason"])
        .where("removed_at", "is", null)
        .where((eb) => eb.or([eb("expires_at", "is", null), eb("expires_at", ">", now)]))
        .execute()
    : [];
  return createNetworkIndex(
    rows.flatMap(({ prefix: text, reason }) => {
      const prefix = parseIpPrefix(text);
      return prefix === undefined ? [] : [{ prefix, why: reason }];
    }),
  );
}

async function hasGraces(db: Queries, now: number): Promise<boolean> {
  if (!Number.isFinite(now)) {
    return false;
  }
  const running = await db
    .selectFrom("lifts")
    .select("id")
    .where("grace_until", ">", now)
    .limit(1)
    .executeTakeFirst();
  return running !== undefined;
}

async function knownPrefixes(engine: Engine, db: Queries, prefixes: readonly string[]): Promise<Set<string>> {
  if (prefixes.length === 0) {
    return new Set();
  }
  const rows = await db
    .selectFrom("blocks")
    .select("prefix")
    .where(isOneOf(engine, "prefix", prefixes))
    .execute();
  return new Set(rows.map(({ prefix }) => prefix));
}
