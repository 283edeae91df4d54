import { type Kysely, sql } from "kysely";

/**
 * Events wait in the outbox too, with what they tell. By channel, so that what waits for one, perhaps millions of events, is not gone
 * through for another.
 */
export async function addToldEvents(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("notifications").addColumn("body", "text").execute();
  await db.schema.dropIndex("notifications_waiting").execute();
  await db.schema
    .createIndex("notifications_waiting")
    .on("notifications")
    .columns(["channel", "due_at"])
    .where(sql.ref("due_at"), "is not", null)
    .execute();
}
