import { randomUUID } from "node:crypto";
import type { Store } from "../ports.ts";
import { type Engine, storable } from "./engine.ts";

const kept = 1000;
const keptBytes = 65_536;

/** The newest 1,000 deliveries that nobody could read, so that a person can. */
export function createUnreadableRecords({ writer }: Engine): Pick<Store, "keepUnreadable"> {
  return {
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
