import { sql } from "kysely";
import type { Engine, Queries } from "./engine.ts";

/** Of PostgreSQL's advisory locks, the one that is ours. */
const lockKey = 0x706f7274;

/**
 * Until the transaction ends nobody lifts blocks while others place some: what is placed has seen every lifting, and a lifting
 * sees all that was placed, also where the two are about different networks of which one holds the other. SQLite has one
 * writer at a time anyway.
 */
export async function lockBlocks(engine: Engine, db: Queries, purpose: "place" | "lift"): Promise<void> {
  if (engine.kind === "postgres") {
    await (purpose === "place"
      ? sql`select pg_advisory_xact_lock_shared(${lockKey})`
      : sql`select pg_advisory_xact_lock(${lockKey})`
    ).execute(db);
  }
}
