import type { Hold, Store } from "../ports.ts";
import { decisionColumns, HoldRow } from "./decision-rows.ts";
import type { Engine, Queries } from "./engine.ts";
import { endedReceipt, refuseHold } from "./holds.ts";
import { isOlder, pageOf } from "./page-cursor.ts";
import type { ReadRows } from "./read-rows.ts";
import { appendReceipts } from "./receipts.ts";

/** Decisions that wait, or waited, for a person. */
export function createHoldRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "holds" | "hold" | "denyHold"> {
  const { reader, writer } = engine;
  return {
    async holds({ limit, cursor, now, all = false, causes }) {
      const rows = await holdsWithDecisions(reader)
        .$if(!all, (query) => query.where("h.ended_at", "is", null).where("h.expires_at", ">", now.getTime()))
        .$if(causes !== undefined, (query) => query.where("h.cause", "in", causes ?? []))
        .where(isOlder(cursor, "h.created_at", "h.decision_id"))
        .orderBy("h.created_at", "desc")
        .orderBy("h.decision_id", "desc")
        // One more than wanted tells whether there are more.
        .limit(limit + 1)
        .execute();
      const page = pageOf(rows, limit, ({ hold_created_at, id }) => ({ at: hold_created_at, id }));
      return { items: readHolds(readRows, page.rows, now), next: page.next };
    },

    async hold(decisionId, now) {
      const rows = await holdsWithDecisions(reader).where("h.decision_id", "=", decisionId).execute();
      return readHolds(readRows, rows, now)[0];
    },

    denyHold(decisionId, act) {
      return writer.transaction().execute(async (trx) => {
        const ip = await refuseHold(trx, decisionId, act);
        if (ip === undefined) {
          return false;
        }
        const ended = { id: decisionId, ip, outcome: "denied" } as const;
        await appendReceipts(engine, trx, [endedReceipt(ended, { ...act, decisionId: null })]);
        return true;
      });
    },
  };
}

/** Holds, each with its decision, the name of the search and what its alert asks for: rows for `readHolds`. */
export function holdsWithDecisions(db: Queries) {
  return db
    .selectFrom("holds as h")
    .innerJoin("decisions as d", "d.id", "h.decision_id")
    .leftJoin("alerts as a", "a.id", "d.alert_id")
    .select(decisionColumns.map((name) => `d.${name}` as const))
    .select([
      "a.search_name",
      "a.settings",
      "h.created_at as hold_created_at",
      "h.expires_at as hold_expires_at",
      "h.ended_at as hold_ended_at",
      "h.outcome",
      "h.actor as hold_actor",
      "h.reason as hold_reason",
    ]);
}

export function readHolds(
  readRows: ReadRows,
  rows: readonly { readonly id: string }[],
  now: Date,
): readonly Hold[] {
  const { readable } = readRows(rows, { table: "holds", schema: HoldRow, idOf: ({ id }) => id });
  return readable.map(({ outcome, ...hold }) => {
    const state = outcome ?? (hold.endedAt === null && hold.expiresAt > now ? "waiting" : "lapsed");
    return { ...hold, state, endedAt: hold.endedAt ?? (state === "lapsed" ? hold.expiresAt : null) };
  });
}
