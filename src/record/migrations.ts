import { type CreateTableBuilder, type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";

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
};

async function createAlerts(db: Kysely<unknown>): Promise<void> {
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
    .addColumn("received_at", "bigint", (column) => column.notNull())
    .addColumn("error", "text")
    .$call(addLease)
    .execute();
  await createWaitingIndex(db, "alerts");
  await db.schema
    .createIndex("alerts_failed")
    .on("alerts")
    .column("received_at")
    .where(sql.ref("error"), "is not", null)
    .execute();

  await db.schema
    .createTable("sightings")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("alert_id", "text", (column) => column.notNull())
    .addColumn("ip", "text", (column) => column.notNull())
    .addColumn("count", "bigint", (column) => column.notNull())
    .addColumn("fields", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("attempts", "integer", (column) => column.notNull())
    .addColumn("error", "text")
    .$call(addLease)
    .addUniqueConstraint("sightings_alert_ip", ["alert_id", "ip"])
    .execute();
  await createWaitingIndex(db, "sightings");
  await db.schema
    .createIndex("sightings_failed")
    .on("sightings")
    .column("created_at")
    .where(sql.ref("error"), "is not", null)
    .where(sql.ref("due_at"), "is", null)
    .execute();

  await db.schema
    .createTable("unreadable_deliveries")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("received_at", "bigint", (column) => column.notNull())
    .addColumn("remote_address", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("body", "bytea", (column) => column.notNull())
    .execute();
}

async function createDecisions(db: Kysely<unknown>): Promise<void> {
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
    .addColumn("rule", "text")
    .addColumn("policy_version", "text", (column) => column.notNull())
    .addColumn("mode", "text", (column) => column.notNull())
    .addColumn("findings", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("decided_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint")
    .execute();
  await db.schema.createIndex("decisions_action").on("decisions").column("action").execute();

  await db.schema
    .createTable("notifications")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("decision_id", "text", (column) => column.notNull())
    .addColumn("channel", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("sent_at", "bigint")
    .addColumn("attempts", "integer", (column) => column.notNull())
    .addColumn("error", "text")
    .$call(addLease)
    .addUniqueConstraint("notifications_decision_channel", ["decision_id", "channel"])
    .execute();
  await createWaitingIndex(db, "notifications");
  await db.schema.createIndex("notifications_state").on("notifications").column("state").execute();
}

async function createBlocks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("holds")
    .addColumn("decision_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("ip", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .execute();
  // Two replicas that decide about one address at the same moment meet here.
  await createNotEndedIndex(db, "holds", ["ip"]);

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
}

async function createBlockIndexes(db: Kysely<unknown>): Promise<void> {
  await createNotEndedIndex(db, "blocks", ["prefix", "mode"]);
  await db.schema.createIndex("blocks_prefix").on("blocks").column("prefix").execute();
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

async function createEnforcements(db: Kysely<unknown>): Promise<void> {
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

async function createFirewalls(db: Kysely<unknown>): Promise<void> {
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

function addLease<Name extends string, Columns extends string>(table: CreateTableBuilder<Name, Columns>) {
  return table
    .addColumn("due_at", "bigint")
    .addColumn("lease_holder", "text")
    .addColumn("lease_until", "bigint");
}

async function createWaitingIndex(db: Kysely<unknown>, table: string): Promise<void> {
  await db.schema
    .createIndex(`${table}_waiting`)
    .on(table)
    .column("due_at")
    .where(sql.ref("due_at"), "is not", null)
    .execute();
}

async function createNotEndedIndex(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  await db.schema
    .createIndex(`${table}_not_ended`)
    .unique()
    .on(table)
    .columns(columns)
    .where(sql.ref("ended_at"), "is", null)
    .execute();
}
