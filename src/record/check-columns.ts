import { sql } from "kysely";
import { AppError, messageOf } from "../domain/errors.ts";
import type { Engine } from "./engine.ts";
import { migrate, migrationNames } from "./migrations.ts";
import { openSqlite } from "./sqlite.ts";
import { isAboutTables } from "./store-error.ts";

interface Column {
  readonly table: string;
  readonly column: string;
  /** It has no default and may not be null: a row that does not name it can't be inserted. */
  readonly isRequired: boolean;
}

/**
 * Brings the tables to this version, and compares them with what this version makes: states from before a release have the names of its migrations,
 * but other tables.
 * @throws {AppError} STORE_UNAVAILABLE (not retryable) when the database is of such a state, or of a newer version
 */
export async function migrateAndCheck(engine: Engine): Promise<void> {
  try {
    await migrate(engine.writer);
  } catch (error) {
    const isOfAnother = messageOf(error).startsWith("corrupted migrations") || isAboutTables(error);
    throw isOfAnother ? await strangeState(engine) : error;
  }
  if (await isStrange(engine)) {
    throw await strangeState(engine);
  }
}

async function isStrange(engine: Engine): Promise<boolean> {
  const expected = await expectedColumns();
  const actual = await columnsOf(engine);
  const has = new Set(actual.map(nameOf));
  const known = new Map(expected.map((one) => [one.table, new Set<string>()]));
  for (const one of expected) {
    known.get(one.table)?.add(one.column);
  }
  return (
    expected.some((one) => !has.has(nameOf(one))) ||
    actual.some(({ table, column, isRequired }) => isRequired && known.get(table)?.has(column) === false)
  );
}

async function strangeState(engine: Engine): Promise<AppError> {
  const isNewer = await hasLaterMigrations(engine);
  return new AppError(
    "STORE_UNAVAILABLE",
    isNewer
      ? `${engine.label} was made by a newer version: start that one, or move the database away and start anew`
      : `${engine.label} was made by an earlier, unreleased version: move it away and start anew`,
    { retryable: false },
  );
}

async function hasLaterMigrations({ writer }: Engine): Promise<boolean> {
  const { rows } = await sql<{ name: string }>`select name from portcullis_migrations`.execute(writer);
  const last = migrationNames.at(-1) ?? "";
  return rows.some(({ name }) => name > last);
}

/** What this version makes, read from an empty database: a list beside the migrations would be one more thing to forget. */
async function expectedColumns(): Promise<readonly Column[]> {
  const empty = openSqlite(":memory:");
  try {
    await migrate(empty.writer);
    return await columnsOf(empty);
  } finally {
    await empty.close();
  }
}

async function columnsOf({ kind, writer }: Engine): Promise<readonly Column[]> {
  const { rows } = await (kind === "sqlite"
    ? sql<{ table_name: string; name: string; required: number }>`
        select m.name as table_name, c.name as name, c."notnull" = 1 and c.dflt_value is null as required
        from sqlite_master as m, pragma_table_info(m.name) as c where m.type = 'table'`
    : sql<{ table_name: string; name: string; required: boolean }>`
        select t.relname as table_name, c.attname as name, c.attnotnull and not c.atthasdef as required
        from pg_catalog.pg_class as t join pg_catalog.pg_attribute as c on c.attrelid = t.oid
        where t.relkind in ('r', 'p') and pg_catalog.pg_table_is_visible(t.oid) and c.attnum > 0 and not c.attisdropped
          and pg_catalog.left(t.relname, 3) <> 'pg_'`
  ).execute(writer);
  return rows.map(({ table_name, name, required }) => ({
    table: table_name,
    column: name,
    isRequired: Boolean(required),
  }));
}

function nameOf({ table, column }: Column): string {
  return `${table}.${column}`;
}
