import { sql } from "kysely";
import { type Engine, isOneOf, type Queries } from "./engine.ts";

/** Of PostgreSQL's advisory locks, the one for look-ups and the sightings that wait for them. */
const lockKey = 0x6c6b7570;

/**
 * Until the transaction ends nobody else parks sightings, or ends or postpones look-ups: so whoever brings an answer sees every sighting that
 * waits for it, or that sighting sees the answer, also where neither has a row yet at which they could meet. Must be the first work of its
 * transaction. SQLite has one writer at a time anyway.
 */
export async function lockLookUps(engine: Engine, db: Queries): Promise<void> {
  if (engine.kind === "postgres") {
    await sql`select pg_advisory_xact_lock(${lockKey})`.execute(db);
  }
}

/**
 * Locks these sightings in one order everywhere, before a statement that changes several of them in an order of its own: two transactions that
 * change the same ones crosswise would wait for each other.
 */
export async function lockSightings(
  engine: Engine,
  db: Queries,
  column: "id" | "ip",
  texts: readonly string[],
): Promise<void> {
  if (engine.kind === "postgres" && texts.length > 0) {
    await db
      .selectFrom("sightings")
      .select("id")
      .where(isOneOf(engine, column, texts))
      .where("due_at", "is not", null)
      .orderBy("id")
      .forUpdate()
      .execute();
  }
}
