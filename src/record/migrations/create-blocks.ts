import { type Kysely, sql } from "kysely";
import { createNotEndedIndex } from "./table-parts.ts";

export async function createBlocks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("holds")
    .addColumn("decision_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("ip", "text", (column) => column.notNull())
    .addColumn("mode", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("cause", "text", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .addColumn("outcome", "text")
    .addColumn("actor", "text")
    .addColumn("reason", "text")
    .execute();
  await db.schema.createIndex("holds_ip").on("holds").columns(["ip", "created_at"]).execute();
  await db.schema.createIndex("holds_created").on("holds").columns(["created_at", "decision_id"]).execute();
  // What waits may be a few among very many.
  await db.schema
    .createIndex("holds_waiting")
    .on("holds")
    .columns(["created_at", "decision_id"])
    .where(sql.ref("ended_at"), "is", null)
    .execute();
  await db.schema
    .createIndex("holds_lapsing")
    .on("holds")
    .column("expires_at")
    .where(sql.ref("ended_at"), "is", null)
    .execute();
  // Two replicas that decide about one address at the same moment meet here.
  await createNotEndedIndex(db, "holds", ["ip", "mode"]);

  await db.schema
    .createTable("blocks")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("prefix", "text", (column) => column.notNull())
    .addColumn("network", "text", (column) => column.notNull())
    .addColumn("mode", "text", (column) => column.notNull())
    .addColumn("groups", "text")
    .addColumn("decision_id", "text", (column) => column.notNull().unique())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .addColumn("lifted_by", "text")
    .addColumn("lift_reason", "text")
    .addColumn("grace_until", "bigint")
    .execute();
  await createBlockIndexes(db);

  await db.schema
    .createTable("lifts")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("prefix", "text", (column) => column.notNull())
    .addColumn("network", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("lifted_at", "bigint", (column) => column.notNull())
    .addColumn("grace_until", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("lifts_prefix").on("lifts").column("prefix").execute();
  await db.schema.createIndex("lifts_network").on("lifts").column("network").execute();
  await db.schema.createIndex("lifts_grace").on("lifts").column("grace_until").execute();
  await createLengthIndex(db, "lifts");
}

async function createBlockIndexes(db: Kysely<unknown>): Promise<void> {
  await createNotEndedIndex(db, "blocks", ["prefix", "mode"]);
  await db.schema.createIndex("blocks_prefix").on("blocks").column("prefix").execute();
  await createLengthIndex(db, "blocks");
  await db.schema
    .createIndex("blocks_network")
    .on("blocks")
    .column("network")
    .where(sql.ref("ended_at"), "is", null)
    .execute();
  // The last two columns spare a count of what stands the look at each row.
  await db.schema
    .createIndex("blocks_expiring")
    .on("blocks")
    .columns(["expires_at", "id", "mode", "ended_at"])
    .execute();
  // Two lists for people, newest first: of all, and of what stands, which may be a few among very many.
  await db.schema.createIndex("blocks_created").on("blocks").columns(["created_at", "id"]).execute();
  await db.schema
    .createIndex("blocks_standing")
    .on("blocks")
    .columns(["created_at", "id"])
    .where(sql.ref("ended_at"), "is", null)
    .execute();
}

/** Tells which lengths of networks there are, by one step for each: the text of a prefix from its slash on. */
async function createLengthIndex(db: Kysely<unknown>, table: "blocks" | "lifts"): Promise<void> {
  await db.schema
    .createIndex(`${table}_length`)
    .on(table)
    .expression(sql`ltrim(prefix, '0123456789abcdef.:')`)
    .execute();
}
