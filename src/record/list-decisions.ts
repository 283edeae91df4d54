import type { Store } from "../ports.ts";
import type { Engine } from "./engine.ts";
import { isOlder, pageOf } from "./page-cursor.ts";
import type { ReadRows } from "./read-rows.ts";
import { DecisionRow } from "./decision-rows.ts";

/** Decisions, for people. */
export function createDecisionLists(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "listDecisions" | "decision"> {
  const { reader } = engine;
  const read = (rows: readonly { readonly id: string }[]) =>
    readRows(rows, { table: "decisions", schema: DecisionRow, idOf: ({ id }) => id }).readable;
  return {
    async listDecisions({ limit, cursor, action, differsOnly = false }) {
      const rows = await reader
        .selectFrom("decisions")
        .selectAll()
        .$if(action !== undefined, (query) => query.where("action", "=", action ?? "block"))
        .$if(differsOnly, (query) => query.where("shadow", "is not", null))
        .where(isOlder(cursor, "decided_at"))
        .orderBy("decided_at", "desc")
        .orderBy("id", "desc")
        // One more than wanted tells whether there are more.
        .limit(limit + 1)
        .execute();
      const page = pageOf(rows, limit, placeOf);
      return { items: read(page.rows), next: page.next };
    },

    async decision(id) {
      return read(await reader.selectFrom("decisions").selectAll().where("id", "=", id).execute())[0];
    },
  };
}

function placeOf({ decided_at: at, id }: { readonly decided_at: number; readonly id: string }) {
  return { at, id };
}
