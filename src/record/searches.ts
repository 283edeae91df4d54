import { sql } from "kysely";
import type { ExtractedAlert, Store } from "../ports.ts";
import { type Engine, type Queries, storable } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { SearchRow } from "./recovery-rows.ts";

const mostSearches = 1000;
/** A search that Splunk tells of and one that only sent something: the first is never left out, but neither may be a million. */
const mostTold = 10_000;

/** Saved searches: when something came from each, and what Splunk tells of it. */
export function createSearchRecords(
  { reader, writer }: Engine,
  readRows: ReadRows,
): Pick<Store, "searches" | "tellSearches"> {
  return {
    async searches() {
      const all = reader.selectFrom("searches").selectAll();
      const told = await all.where("told", "is not", null).orderBy("name").limit(mostTold).execute();
      const others = await all
        .where("told", "is", null)
        .orderBy("last_alert_at", "desc")
        .orderBy("name")
        .limit(mostSearches)
        .execute();
      const rows = [...told, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
      return readRows(rows, { table: "searches", schema: SearchRow, idOf: ({ name }) => name }).readable;
    },

    tellSearches: (searches) =>
      writer.transaction().execute(async (trx) => {
        for (const { name, told } of searches.toSorted(byName)) {
          const text = JSON.stringify(told);
          await trx
            .insertInto("searches")
            .values({ name: storable(name), alerts: 0, told: text })
            .onConflict((conflict) => conflict.column("name").doUpdateSet({ told: text }))
            .execute();
        }
      }),
  };
}

type Sent = NonNullable<ExtractedAlert["search"]>;

/** Counts alerts of searches: one row for each search, and in one order, or two transactions could wait for each other crosswise. */
export async function countAlerts(db: Queries, sent: readonly Sent[]): Promise<void> {
  const bySearch = [...Map.groupBy(sent, ({ name }) => storable(name)).entries()];
  for (const [name, some] of bySearch.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const last = Math.max(...some.map(({ alertAt }) => alertAt.getTime()));
    await db
      .insertInto("searches")
      .values({ name, alerts: some.length, last_alert_at: last })
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet({
          alerts: sql`searches.alerts + excluded.alerts`,
          last_alert_at: sql`case when searches.last_alert_at > excluded.last_alert_at then searches.last_alert_at else excluded.last_alert_at end`,
        }),
      )
      .execute();
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
