import type { Kysely } from "kysely";
import { createNotEndedIndex } from "./table-parts.ts";

export async function createPeopleTables(db: Kysely<unknown>): Promise<void> {
  await createControlTables(db);
  await db.schema
    .createTable("alarms")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("message", "text", (column) => column.notNull())
    .addColumn("advice", "text", (column) => column.notNull())
    .addColumn("raised_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .execute();
  // Two replicas that see the same trouble meet here.
  await createNotEndedIndex(db, "alarms", ["key"]);
  await db.schema
    .createTable("tokens")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("expires_at", "bigint")
    .addColumn("revoked_at", "bigint")
    .addColumn("last_used_at", "bigint")
    .execute();
  await db.schema
    .createTable("policies")
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("policy", "text", (column) => column.notNull())
    .addColumn("first_used_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("policies_pk", ["version", "role"])
    .execute();
  await db.schema
    .createTable("receipts")
    .addColumn("seq", "bigint", (column) => column.primaryKey().notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("subject", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("previous", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("receipts_subject").on("receipts").column("subject").execute();
}

async function createControlTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("allow_entries")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("prefix", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint")
    .addColumn("removed_at", "bigint")
    .execute();
  await db.schema
    .createTable("controls")
    .addColumn("name", "text", (column) => column.primaryKey().notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("block_rates")
    .addColumn("mode", "text", (column) => column.notNull())
    .addColumn("scope", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("second", "bigint", (column) => column.notNull())
    .addColumn("blocks", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("block_rates_pk", ["mode", "scope", "key", "second"])
    .execute();
  await db.schema.createIndex("block_rates_second").on("block_rates").column("second").execute();
}
