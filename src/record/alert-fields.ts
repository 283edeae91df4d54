import { sql } from "kysely";
import { fieldNames } from "../domain/field-names.ts";
import { type Engine, isOneOf } from "./engine.ts";
import { StoredRows } from "./stored-rows.ts";

/** Of one alert's rows, in characters of JSON: a page has hundreds of alerts. */
const mostRead = 64 * 1024;

/** The names of these alerts' fields; without those that are too large to be read for a list, or can't be read. */
export async function fieldsOfAlerts(
  engine: Engine,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (ids.length === 0) {
    return new Map();
  }
  const rows = await engine.reader
    .selectFrom("alerts")
    .select(["id", "rows"])
    .where(isOneOf(engine, "id", ids))
    .where(sql<number>`length(${sql.ref("rows")})`, "<=", mostRead)
    .execute();
  return new Map(
    rows.flatMap(({ id, rows: text }) => {
      const { data } = StoredRows.safeParse(text);
      return data === undefined ? [] : [[id, fieldNames(data)] as const];
    }),
  );
}
