import { type Kysely, sql } from "kysely";
import { addLease, createWaitingIndex } from "./table-parts.ts";

export async function createAlerts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("alerts")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("source", "text", (column) => column.notNull())
    .addColumn("sid", "text")
    .addColumn("search_name", "text")
    .addColumn("app", "text")
    .addColumn("owner", "text")
    .addColumn("results_link", "text")
    .addColumn("rows", "text", (column) => column.notNull())
    .addColumn("row_count", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("extras", "text")
    .addColumn("received_at", "bigint", (column) => column.notNull())
    .addColumn("error", "text")
    .$call(addLease)
    .execute();
  await createWaitingIndex(db, "alerts");
  // For people, newest first. Without the id: half a microsecond per alert instead of one.
  await db.schema.createIndex("alerts_received").on("alerts").column("received_at").execute();
  await db.schema
    .createIndex("alerts_failed")
    .on("alerts")
    .column("received_at")
    .where(sql.ref("error"), "is not", null)
    .execute();
  await createSightings(db);
  await db.schema
    .createTable("unreadable_deliveries")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("received_at", "bigint", (column) => column.notNull())
    .addColumn("remote_address", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("body", "bytea", (column) => column.notNull())
    .execute();
}

async function createSightings(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("sightings")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("alert_id", "text", (column) => column.notNull())
    .addColumn("ip", "text", (column) => column.notNull())
    .addColumn("count", "bigint", (column) => column.notNull())
    .addColumn("fields", "text", (column) => column.notNull())
    .addColumn("severity", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("attempts", "integer", (column) => column.notNull())
    .addColumn("parked", "text")
    .addColumn("error", "text")
    .$call(addLease)
    .addUniqueConstraint("sightings_alert_ip", ["alert_id", "ip"])
    .execute();
  await createWaitingIndex(db, "sightings");
  // The count is in it, so that a sum over a window reads no row.
  await db.schema
    .createIndex("sightings_ip")
    .on("sightings")
    .columns(["ip", "created_at", "count"])
    .execute();
  // Those of one address that wait for an answer, among very many that are decided.
  await db.schema
    .createIndex("sightings_waiting_ip")
    .on("sightings")
    .column("ip")
    .where(sql.ref("due_at"), "is not", null)
    .execute();
  await db.schema
    .createIndex("sightings_failed")
    .on("sightings")
    .column("created_at")
    .where(sql.ref("error"), "is not", null)
    .where(sql.ref("due_at"), "is", null)
    .execute();
}
