import type { Kysely } from "kysely";

export async function addAlertSettings(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("alerts").addColumn("settings", "text").execute();
  await db.schema.alterTable("sightings").addColumn("asked_mode", "text").execute();
  await db.schema.alterTable("recoveries").addColumn("settings", "text").execute();
}
