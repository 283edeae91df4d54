import { type Kysely, sql } from "kysely";

export async function createEnforcements(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("enforcements")
    .addColumn("block_id", "text", (column) => column.notNull())
    .addColumn("firewall", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("requested_at", "bigint", (column) => column.notNull())
    .addColumn("applied_at", "bigint")
    .addColumn("verified_at", "bigint")
    .addColumn("ended_at", "bigint")
    .addColumn("packets", "bigint", (column) => column.notNull().defaultTo(0))
    .addColumn("bytes", "bigint", (column) => column.notNull().defaultTo(0))
    .addColumn("packets_seen", "bigint", (column) => column.notNull().defaultTo(0))
    .addColumn("bytes_seen", "bigint", (column) => column.notNull().defaultTo(0))
    .addColumn("error", "text")
    .addColumn("queued_at", "bigint")
    .addPrimaryKeyConstraint("enforcements_pk", ["block_id", "firewall"])
    .execute();
  await db.schema
    .createIndex("enforcements_queued")
    .on("enforcements")
    .columns(["firewall", "queued_at", "block_id"])
    .where(sql.ref("queued_at"), "is not", null)
    .execute();
  // What is not in force although it was tried: few.
  await db.schema
    .createIndex("enforcements_troubled")
    .on("enforcements")
    .columns(["firewall", "requested_at"])
    .where(sql.ref("state"), "in", [sql.lit("applied"), sql.lit("failed")])
    .execute();
}

export async function createFirewalls(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("firewalls")
    .addColumn("name", "text", (column) => column.primaryKey().notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("error", "text")
    .addColumn("checked_at", "bigint", (column) => column.notNull())
    .addColumn("in_sync_at", "bigint")
    .addColumn("unreachable_since", "bigint")
    .addColumn("drifts", "bigint", (column) => column.notNull())
    .addColumn("last_drift", "text")
    .addColumn("capacity", "text")
    .addColumn("own_addresses", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("firewall_leases")
    .addColumn("firewall", "text", (column) => column.primaryKey().notNull())
    .addColumn("lease_holder", "text", (column) => column.notNull())
    .addColumn("lease_until", "bigint", (column) => column.notNull())
    .execute();
}
