import type { ZodType } from "zod";
import type { Log } from "../ports.ts";
import type { Schema } from "./schema.ts";

export interface ReadRowsOptions<Row, Out> {
  readonly table: keyof Schema;
  readonly schema: ZodType<Out>;
  readonly idOf: (row: Row) => string;
  /** As strict as the schema and faster; undefined where only the schema can tell. */
  readonly quickly?: (row: Row) => Out | undefined;
}

export interface RowsRead<Out> {
  readonly readable: readonly Out[];
  /** What was left out, and why in words that hold nothing of its content. */
  readonly unreadable: readonly { readonly id: string; readonly reason: string }[];
}

/** Reads what it can: one row that was damaged must not keep all others from being worked on. */
export type ReadRows = <Row, Out>(rows: readonly Row[], options: ReadRowsOptions<Row, Out>) => RowsRead<Out>;

/** Reported rows to remember; beyond that some may be reported again. */
const rememberedRows = 10_000;

/** @returns reads rows, and reports each one that can't be read once */
export function createReadRows(log: Pick<Log, "warn">): ReadRows {
  const reported = new Set<string>();
  const report = (table: string, id: string, column: string): void => {
    const key = `${table} ${id}`;
    if (reported.has(key)) {
      return;
    }
    if (reported.size >= rememberedRows) {
      reported.clear();
    }
    reported.add(key);
    log.warn({ table, id, column }, "a row in the database can't be read, left out");
  };
  return (rows, { table, schema, idOf, quickly }) => {
    const readable: ReturnType<typeof schema.parse>[] = [];
    const unreadable: { id: string; reason: string }[] = [];
    for (const row of rows) {
      const quick = quickly?.(row);
      if (quick !== undefined) {
        readable.push(quick);
        continue;
      }
      const parsed = schema.safeParse(row);
      if (parsed.success) {
        readable.push(parsed.data);
      } else {
        const id = idOf(row);
        // The rest of the path may be content.
        const column = String(parsed.error.issues[0]?.path[0] ?? "");
        unreadable.push({ id, reason: `its row in the database can't be read: ${table}.${column}` });
        report(table, id, column);
      }
    }
    return { readable, unreadable };
  };
}
