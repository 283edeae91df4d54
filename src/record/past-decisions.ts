import type { Store } from "../ports.ts";
import type { Engine } from "./engine.ts";
import { pageOf, readCursor } from "./page-cursor.ts";
import type { ReadRows } from "./read-rows.ts";
import { PastDecisionRow } from "./report-rows.ts";

/** Decisions with what they were made from, to try another policy on them. */
export function createPastDecisions({ reader }: Engine, readRows: ReadRows): Pick<Store, "pastDecisions"> {
  return {
    async pastDecisions({ limit, cursor, since }) {
      const from = readCursor(cursor);
      const rows = await reader
        // The page first: or an engine without statistics would join all that were ever decided.
        .selectFrom((db) =>
          db
            .selectFrom("decisions")
            .selectAll()
            .where("decided_at", ">", since.getTime())
            .$if(from !== null, (query) =>
              query.where((eb) =>
                eb(eb.refTuple("decided_at", "id"), ">", eb.tuple(from?.at ?? 0, from?.id ?? "")),
              ),
            )
            .orderBy("decided_at")
            .orderBy("id")
            .limit(limit + 1)
            .as("page"),
        )
        .leftJoin("sightings as s", (join) =>
          join.onRef("s.alert_id", "=", "page.alert_id").onRef("s.ip", "=", "page.ip"),
        )
        .leftJoin("alerts as a", "a.id", "page.alert_id")
        .selectAll("page")
        .select(["s.count", "s.fields", "s.severity", "s.attempts", "s.created_at"])
        .select(["a.search_name", "a.received_at"])
        .orderBy("page.decided_at")
        .orderBy("page.id")
        .execute();
      const page = pageOf(rows, limit, ({ decided_at: at, id }) => ({ at, id }));
      const { readable } = readRows(page.rows, {
        table: "decisions",
        schema: PastDecisionRow,
        idOf: ({ id }) => id,
      });
      return { items: readable, next: page.next };
    },
  };
}
