import { chmodSync, mkdirSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type SqliteDatabase,
} from "kysely";
import { AppError } from "../domain/errors.ts";
import { alertColumns, type AlertValues, type Engine } from "./engine.ts";
import { createPrivateFile } from "./private-file.ts";
import type { Schema } from "./schema.ts";
import { lockSqliteFile } from "./sqlite-lock.ts";

const inMemory = ":memory:";

/** Only a person's tool can hold the file, and the whole process waits for it. */
const busyTimeoutMs = 1000;

/**
 * `full`: a commit is on disk when it returns. A checkpoint after 4,000 pages instead of 1,000 writes those pages once
 * that many deliveries in a row touch: a fifth less work per alert, and no longer pauses.
 */
const settings = `
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma wal_autocheckpoint = 4000;
  pragma journal_size_limit = 67108864`;

/** Statements kept ready per connection. The program has about 60; the rest are lists of various lengths. */
const preparedStatements = 300;

/**
 * Opens the file, and creates it and its directory where they are not, readable by their owner alone.
 * One connection writes, another one only reads. `:memory:` has one connection for both.
 * @throws {AppError} STORE_IN_USE when another process has it open, CONFIG_INVALID when the path is not absolute
 */
export function openSqlite(path: string): Engine {
  const unlock = path === inMemory ? () => undefined : prepareFile(path);
  try {
    return openConnections(path, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function prepareFile(path: string): () => void {
  if (!isAbsolute(path)) {
    throw new AppError("CONFIG_INVALID", "DATABASE_URL must hold an absolute path after sqlite:", {
      retryable: false,
    });
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unlock = lockSqliteFile(path);
  try {
    createPrivateFile(path);
    return unlock;
  } catch (error) {
    unlock();
    throw error;
  }
}

function openConnections(path: string, unlock: () => void): Engine {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    database.exec(settings);
    if (path !== inMemory) {
      // Not before SQLite has seen that it is a database: a wrong path must not change another program's file.
      chmodSync(path, 0o600);
    }
  } catch (error) {
    database.close();
    throw error;
  }
  const writer = createKysely(database);
  const reader = path === inMemory ? writer : createLateReader(path);
  return {
    kind: "sqlite",
    label: `SQLite ${path}`,
    writer,
    reader,
    insertAlerts: createInsertAlerts(database, writer),
    async close() {
      try {
        if (reader !== writer) {
          await reader.destroy();
        }
        await writer.destroy();
      } finally {
        unlock();
      }
    },
  };
}

function createInsertAlerts(database: DatabaseSync, writer: Kysely<Schema>): Engine["insertAlerts"] {
  let insert: StatementSync | undefined;
  const insertAll = (rows: readonly AlertValues[]): readonly boolean[] => {
    insert ??= database.prepare(
      `insert into alerts (${alertColumns.join()}, due_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?11) on conflict (id) do nothing`,
    );
    database.exec("begin immediate");
    try {
      const fresh: boolean[] = [];
      for (const row of rows) {
        fresh.push(insert.run(...row).changes === 1);
      }
      database.exec("commit");
      return fresh;
    } catch (error) {
      if (database.isTransaction) {
        database.exec("rollback");
      }
      throw error;
    }
  };
  // Holding Kysely's only connection keeps this transaction out of any other that is under way.
  return (rows) => writer.connection().execute(() => Promise.resolve().then(() => insertAll(rows)));
}

function createKysely(database: DatabaseSync): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new NodeSqliteDialect({ database: adapt(database) }, database) });
}

/** Opened at its first read: a read-only connection can't open a file that has no tables yet. */
function createLateReader(path: string): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: () =>
        Promise.resolve(adapt(new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs }))),
    }),
  });
}

/** What Kysely asks of a SQLite library, over the one that is built into Node. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, ReturnType<SqliteDatabase["prepare"]>>();
  return {
    close: () => {
      database.close();
    },
    prepare(sql) {
      const known = prepared.get(sql);
      if (known !== undefined) {
        return known;
      }
      const statement = database.prepare(sql);
      const adapted = {
        reader: statement.columns().length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...bindable(parameters)),
        run: (parameters: readonly unknown[]) => statement.run(...bindable(parameters)),
        iterate: (parameters: readonly unknown[]) => statement.iterate(...bindable(parameters)),
      };
      if (prepared.size >= preparedStatements) {
        prepared.clear();
      }
      prepared.set(sql, adapted);
      return adapted;
    },
  };
}

function bindable(parameters: readonly unknown[]): readonly SQLInputValue[] {
  if (!parameters.every(isBindable)) {
    throw new TypeError("SQLite can't keep a value of this type");
  }
  return parameters;
}

function isBindable(value: unknown): value is SQLInputValue {
  return (
    value === null || typeof value === "string" || typeof value === "number" || ArrayBuffer.isView(value)
  );
}

class NodeSqliteDialect extends SqliteDialect {
  readonly #config: ConstructorParameters<typeof SqliteDriver>[0];
  readonly #database: DatabaseSync;

  constructor(config: ConstructorParameters<typeof SqliteDriver>[0], database: DatabaseSync) {
    super(config);
    this.#config = config;
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new NodeSqliteDriver(this.#config, this.#database);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

class NodeSqliteDriver extends SqliteDriver {
  readonly #database: DatabaseSync;

  constructor(config: ConstructorParameters<typeof SqliteDriver>[0], database: DatabaseSync) {
    super(config);
    this.#database = database;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // On a full disk SQLite has already rolled back; a second one would hide the error that says so.
    if (this.#database.isTransaction) {
      await super.rollbackTransaction(connection);
    }
  }
}

/** So that a process that dies in a migration leaves nothing half made. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
