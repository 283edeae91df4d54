import type { Kysely } from "kysely";

export async function createLookUps(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("look_ups")
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("ip", "text", (column) => column.notNull())
    .addColumn("network", "text", (column) => column.notNull())
    .addColumn("candidate", "text", (column) => column.notNull())
    .addColumn("priority", "integer", (column) => column.notNull())
    .addColumn("since", "bigint", (column) => column.notNull())
    .addColumn("due_at", "bigint", (column) => column.notNull())
    .addColumn("lease_holder", "text")
    .addColumn("lease_until", "bigint")
    .addPrimaryKeyConstraint("look_ups_pk", ["provider", "ip"])
    .execute();
  await db.schema
    .createIndex("look_ups_urgent")
    .on("look_ups")
    .columns(["provider", "priority desc", "since"])
    .execute();
  await db.schema.createIndex("look_ups_network").on("look_ups").columns(["provider", "network"]).execute();
  await db.schema
    .createTable("budgets")
    .addColumn("key", "text", (column) => column.primaryKey().notNull())
    .addColumn("budget", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("prefix_lists")
    .addColumn("name", "text", (column) => column.primaryKey().notNull())
    .addColumn("etag", "text")
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("networks", "text", (column) => column.notNull())
    .addColumn("fetched_at", "bigint", (column) => column.notNull())
    .addColumn("checked_at", "bigint", (column) => column.notNull())
    .execute();
}
