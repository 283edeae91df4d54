import { type Kysely, sql } from "kysely";
import { addLease, createWaitingIndex } from "./table-parts.ts";

export async function createDecisions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("findings")
    .addColumn("ip", "text", (column) => column.notNull())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("finding", "text", (column) => column.notNull())
    .addColumn("found_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("findings_pk", ["ip", "provider"])
    .execute();

  await db.schema
    .createTable("decisions")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("alert_id", "text", (column) => column.notNull())
    .addColumn("ip", "text", (column) => column.notNull())
    .addColumn("action", "text", (column) => column.notNull())
    .addColumn("reasons", "text", (column) => column.notNull())
    .addColumn("hold_cause", "text")
    .addColumn("rule", "text")
    .addColumn("policy_version", "text", (column) => column.notNull())
    .addColumn("mode", "text", (column) => column.notNull())
    .addColumn("findings", "text", (column) => column.notNull())
    .addColumn("inputs", "text", (column) => column.notNull())
    .addColumn("shadow", "text")
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("decided_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint")
    .execute();
  await db.schema
    .createIndex("decisions_action")
    .on("decisions")
    .columns(["action", "decided_at", "id"])
    .execute();
  await db.schema.createIndex("decisions_ip").on("decisions").columns(["ip", "decided_at"]).execute();
  await db.schema.createIndex("decisions_alert").on("decisions").columns(["alert_id", "ip"]).execute();
  await db.schema.createIndex("decisions_decided").on("decisions").columns(["decided_at", "id"]).execute();
  await db.schema
    .createIndex("decisions_differing")
    .on("decisions")
    .columns(["decided_at", "id"])
    .where(sql.ref("shadow"), "is not", null)
    .execute();

  await db.schema
    .createTable("notifications")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("subject_kind", "text", (column) => column.notNull())
    .addColumn("subject_id", "text", (column) => column.notNull())
    .addColumn("channel", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("sent_at", "bigint")
    .addColumn("attempts", "integer", (column) => column.notNull())
    .addColumn("error", "text")
    .$call(addLease)
    .addUniqueConstraint("notifications_subject_channel", ["subject_id", "channel"])
    .execute();
  await createWaitingIndex(db, "notifications");
  await db.schema.createIndex("notifications_state").on("notifications").column("state").execute();
}
