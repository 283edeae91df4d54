import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from "kysely";
import { Pool, types } from "pg";
import { AppError } from "../domain/errors.ts";
import type { Log } from "../ports.ts";
import { alertColumns, type AlertValues, type Engine } from "./engine.ts";
import type { Schema } from "./schema.ts";

/** PostgreSQL's type number of `bigint`. All of ours fit a JavaScript number. */
const int8 = 20;

/**
 * A pool of connections to a PostgreSQL server. Connects at the first query.
 * @throws {AppError} CONFIG_INVALID when the URL is none
 */
export function openPostgres(databaseUrl: string, log: Pick<Log, "warn">): Engine {
  const label = labelOf(databaseUrl);
  const pool = new Pool({
    connectionString: databaseUrl,
    application_name: "portcullis",
    max: 10,
    connectionTimeoutMillis: 5000,
    // In the client: poolers such as PgBouncer refuse a connection that sets a time-out on the server.
    query_timeout: 30_000,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: "text" | "binary"): unknown =>
        oid === int8 ? Number : types.getTypeParser(oid, format),
    },
  });
  // A connection that breaks between two queries has nobody else to tell, and an unheard `error` ends the process.
  const onBroken = (error: Error): void => {
    log.warn({ database: label, error: error.message }, "a database connection broke, will connect again");
  };
  pool.on("error", onBroken);
  pool.on("connect", (client) => {
    client.on("error", onBroken);
  });
  const db = new Kysely<Schema>({ dialect: new ReadCommittedDialect({ pool }) });
  return {
    kind: "postgres",
    label,
    writer: db,
    reader: db,
    insertAlerts: (rows) => insertAlerts(db, rows),
    close: () => db.destroy(),
  };
}

const isolationLevel = "read committed";

/**
 * All of ours rely on seeing, after they have waited for a lock, what was committed meanwhile, whatever this server's default is: by
 * transaction, because a pooler may give each of them another connection, and by connection for single statements.
 */
class ReadCommittedDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = {
      ...config,
      onCreateConnection: async (connection) => {
        await connection.executeQuery(
          CompiledQuery.raw(`set session characteristics as transaction isolation level ${isolationLevel}`),
        );
      },
    };
  }

  override createDriver(): PostgresDriver {
    return new ReadCommittedDriver(this.#config);
  }
}

class ReadCommittedDriver extends PostgresDriver {
  override async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    await super.beginTransaction(connection, { ...settings, isolationLevel });
  }
}

/** Host and database, without user and password. */
function labelOf(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) {
    throw new AppError(
      "CONFIG_INVALID",
      "DATABASE_URL is not a URL; characters like / and # in a password are written %2F and %23",
      {
        retryable: false,
      },
    );
  }
  const { host, pathname, searchParams } = new URL(databaseUrl);
  return `PostgreSQL ${searchParams.get("host") ?? host}${pathname}`;
}

const insertAlertsText = `
  insert into alerts (${alertColumns.join()}, due_at)
  select *, received_at
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[], $10::text[], $11::bigint[], $12::text[])
    as given (${alertColumns.join()})
  on conflict (id) do nothing
  returning id`;

async function insertAlerts(db: Kysely<Schema>, rows: readonly AlertValues[]): Promise<readonly boolean[]> {
  // In one order everywhere: two replicas that insert the same alerts crosswise would wait for each other.
  const sorted = rows.toSorted((a, b) => (a[0] < b[0] ? -1 : 1));
  const columns = alertColumns.map((_name, index) => sorted.map((row) => row[index]));
  const { rows: inserted } = await db.executeQuery<{ id: string }>(
    CompiledQuery.raw(insertAlertsText, columns),
  );
  const fresh = new Set(inserted.map(({ id }) => id));
  return rows.map(([id]) => fresh.delete(id));
}
