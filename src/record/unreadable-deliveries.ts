import { randomUUID } from "node:crypto";
import type { Store } from "../ports.ts";
import { type Engine, storable } from "./engine.ts";
import { isOlder, pageOf } from "./page-cursor.ts";
import type { ReadRows } from "./read-rows.ts";
import { UnreadableRow } from "./report-rows.ts";

const kept = 1000;
const keptBytes = 65_536;

/** The newest 1,000 deliveries that nobody could read, so that a person can. */
export function createUnreadableRecords(
  { writer, reader }: Engine,
  readRows: ReadRows,
): Pick<Store, "keepUnreadable" | "listUnreadable" | "unreadable"> {
  const table = { table: "unreadable_deliveries", schema: UnreadableRow, idOf: idOfRow } as const;
  return {
    async listUnreadable({ limit, cursor }) {
      const rows = await reader
        .selectFrom("unreadable_deliveries")
        .selectAll()
        .where(isOlder(cursor, "received_at"))
        .orderBy("received_at", "desc")
        .orderBy("id", "desc")
        .limit(limit + 1)
        .execute();
      const page = pageOf(rows, limit, ({ received_at: at, id }) => ({ at, id }));
      return { items: readRows(page.rows, table).readable, next: page.next };
    },

    async unreadable(id) {
      const rows = await reader
        .selectFrom("unreadable_deliveries")
        .selectAll()
        .where("id", "=", id)
        .execute();
      return readRows(rows, table).readable[0];
    },

    async keepUnreadable(delivery) {
      await writer.transaction().execute(async (trx) => {
        await trx
          .insertInto("unreadable_deliveries")
          .values({
            id: randomUUID(),
            received_at: delivery.receivedAt.getTime(),
            remote_address: storable(delivery.remoteAddress),
            reason: storable(delivery.reason),
            body: delivery.body.subarray(0, keptBytes),
          })
          .execute();
        await trx
          .deleteFrom("unreadable_deliveries")
          .where("id", "in", (eb) =>
            eb
              .selectFrom("unreadable_deliveries")
              .select("id")
              .orderBy("received_at", "desc")
              .orderBy("id", "desc")
              // SQLite takes an offset only with a limit.
              .limit(kept)
              .offset(kept),
          )
          .execute();
      });
    },
  };
}

function idOfRow({ id }: { readonly id: string }): string {
  return id;
}
