import type { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { addAlertSettings } from "./migrations/add-alert-settings.ts";
import { addToldEvents } from "./migrations/add-told-events.ts";
import { createAlerts } from "./migrations/create-alerts.ts";
import { createBlocks } from "./migrations/create-blocks.ts";
import { createDecisions } from "./migrations/create-decisions.ts";
import { createEnforcements, createFirewalls } from "./migrations/create-firewalls.ts";
import { createLookUps } from "./migrations/create-look-ups.ts";
import { createPeopleTables } from "./migrations/create-people.ts";
import { createRecoveries } from "./migrations/create-recoveries.ts";

/**
 * Brings the tables to this version. Several processes may do it at once: one works, the others wait for it.
 * SQLite reads `bigint` as integer and keeps bytes whatever the column is called, so one text serves both engines.
 */
export async function migrate<DB>(db: Kysely<DB>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    // Another program's tables may be in the same database.
    migrationTableName: "portcullis_migrations",
    migrationLockTableName: "portcullis_migrations_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    // oxlint-disable-next-line typescript/only-throw-error -- the engine's own error, for the caller to tell what it means
    throw error;
  }
}

/** Run once each, in the order of their names. Never change one that was released: add another. */
const migrations: Readonly<Record<string, Migration>> = {
  "0001-alerts": { up: createAlerts },
  "0002-decisions": { up: createDecisions },
  "0003-blocks": { up: createBlocks },
  "0004-enforcements": { up: createEnforcements },
  "0005-firewalls": { up: createFirewalls },
  "0006-look-ups": { up: createLookUps },
  "0007-people": { up: createPeopleTables },
  "0008-recoveries": { up: createRecoveries },
  "0009-told-events": { up: addToldEvents },
  "0010-alert-settings": { up: addAlertSettings },
};

export const migrationNames: readonly string[] = Object.keys(migrations).toSorted();
