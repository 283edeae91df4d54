import { CompiledQuery } from "kysely";
import type { Engine, Queries } from "./engine.ts";
import type { Schema } from "./schema.ts";

/** Rows per statement. In halves below that, so that there are few texts to be prepared. */
const rowsPerInsert = 64;

/** Where rows go. One object for each use: its texts are remembered by it. */
export interface InsertTarget {
  readonly table: keyof Schema;
  readonly columns: readonly string[];
  /** What follows the values, e.g. what to do with a row that is there. */
  readonly end: string;
}

/**
 * Inserts many rows with few statements, whose texts are made once: the query builder takes longer for them than the database.
 * @param rows values in the order of the target's columns
 * @returns what the statements return
 */
export async function insertMany<Returned>(
  { engine, db }: { readonly engine: Pick<Engine, "kind">; readonly db: Queries },
  target: InsertTarget,
  rows: readonly (readonly unknown[])[],
): Promise<readonly Returned[]> {
  const returned: Returned[] = [];
  let start = 0;
  while (start < rows.length) {
    const count = chunkOf(rows.length - start);
    const values = rows.slice(start, start + count).flat();
    const query = CompiledQuery.raw(textOf(engine.kind, target, count), values);
    // oxlint-disable-next-line no-await-in-loop -- one transaction has one connection
    const result = await db.executeQuery<Returned>(query);
    returned.push(...result.rows);
    start += count;
  }
  return returned;
}

/** The largest power of two that is not more than this. */
function chunkOf(rows: number): number {
  return rows >= rowsPerInsert ? rowsPerInsert : 2 ** Math.floor(Math.log2(rows));
}

const texts = new WeakMap<InsertTarget, Map<string, string>>();

function textOf(kind: Engine["kind"], target: InsertTarget, rows: number): string {
  const known = texts.get(target) ?? new Map<string, string>();
  texts.set(target, known);
  const key = `${kind} ${rows}`;
  const text = known.get(key) ?? buildText(kind, target, rows);
  known.set(key, text);
  return text;
}

function buildText(kind: Engine["kind"], { table, columns, end }: InsertTarget, rows: number): string {
  const width = columns.length;
  const marks = Array.from({ length: rows }, (_row, row) => {
    const row1 = columns.map((_name, column) => (kind === "postgres" ? `$${row * width + column + 1}` : "?"));
    return `(${row1.join()})`;
  });
  return `insert into ${table} (${columns.join()}) values ${marks.join()} ${end}`;
}
