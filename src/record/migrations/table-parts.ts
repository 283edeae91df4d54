import { type CreateTableBuilder, type Kysely, sql } from "kysely";

/** Columns of rows that wait and are claimed. */
export function addLease<Name extends string, Columns extends string>(
  table: CreateTableBuilder<Name, Columns>,
) {
  return table
    .addColumn("due_at", "bigint")
    .addColumn("lease_holder", "text")
    .addColumn("lease_until", "bigint");
}

/** Finds what waits. */
export async function createWaitingIndex(db: Kysely<unknown>, table: string): Promise<void> {
  await db.schema
    .createIndex(`${table}_waiting`)
    .on(table)
    .column("due_at")
    .where(sql.ref("due_at"), "is not", null)
    .execute();
}

/** One row that has not ended for each of these. */
export async function createNotEndedIndex(
  db: Kysely<unknown>,
  table: string,
  columns: string[],
): Promise<void> {
  await db.schema
    .createIndex(`${table}_not_ended`)
    .unique()
    .on(table)
    .columns(columns)
    .where(sql.ref("ended_at"), "is", null)
    .execute();
}
