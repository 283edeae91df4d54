import type { Kysely } from "kysely";
import { addLease, createWaitingIndex } from "./table-parts.ts";

export async function createRecoveries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("recoveries")
    .addColumn("sid", "text", (column) => column.primaryKey().notNull())
    .addColumn("alert_id", "text")
    .addColumn("cause", "text", (column) => column.notNull())
    .addColumn("search_name", "text")
    .addColumn("app", "text")
    .addColumn("owner", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("attempts", "integer", (column) => column.notNull())
    .addColumn("wants", "integer", (column) => column.notNull())
    .addColumn("rows", "bigint", (column) => column.notNull())
    .addColumn("outcome", "text")
    .addColumn("error", "text")
    .addColumn("ended_at", "bigint")
    .$call(addLease)
    .execute();
  await createWaitingIndex(db, "recoveries");
  await db.schema
    .createTable("watermarks")
    .addColumn("name", "text", (column) => column.primaryKey().notNull())
    .addColumn("at", "bigint")
    .addColumn("lease_holder", "text")
    .addColumn("lease_until", "bigint")
    .execute();
  await db.schema
    .createTable("searches")
    .addColumn("name", "text", (column) => column.primaryKey().notNull())
    .addColumn("alerts", "bigint", (column) => column.notNull())
    .addColumn("last_alert_at", "bigint")
    .addColumn("told", "text")
    .execute();
  await db.schema.alterTable("alerts").addColumn("is_genuine", "integer").execute();
  await db.schema.alterTable("alerts").addColumn("doubt", "text").execute();
}
