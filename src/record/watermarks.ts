import type { Store } from "../ports.ts";
import { noLease } from "./claim.ts";
import { type Engine, inChunks } from "./engine.ts";
import { wantRecoveries } from "./want-recoveries.ts";

/** Per transaction; some milliseconds. */
const chunkRows = 500;

/** How far what Splunk sent in vain has been looked through, and what was found. */
export function createWatermarkRecords({
  reader,
  writer,
}: Engine): Pick<Store, "latestAlertAt" | "leaseWatermark" | "recordMissed"> {
  return {
    async latestAlertAt() {
      const newest = await reader
        .selectFrom("alerts")
        .select("received_at")
        .orderBy("received_at", "desc")
        .limit(1)
        .executeTakeFirst();
      return newest === undefined ? null : new Date(newest.received_at);
    },

    async leaseWatermark(name, holder, now, until) {
      const lease = { lease_holder: holder, lease_until: until.getTime() };
      const leased = await writer
        .insertInto("watermarks")
        .values({ name, at: null, ...lease })
        .onConflict((conflict) =>
          conflict
            .column("name")
            .doUpdateSet(lease)
            .where((eb) =>
              eb.or([
                eb("watermarks.lease_holder", "is", null),
                eb("watermarks.lease_holder", "=", holder),
                eb("watermarks.lease_until", "<=", now.getTime()),
              ]),
            ),
        )
        .returning("at")
        .executeTakeFirst();
      return leased === undefined ? null : { at: leased.at === null ? null : new Date(leased.at) };
    },

    async recordMissed(missed, { name, at, holder }, now) {
      let begun = 0;
      await inChunks(missed, chunkRows, async (chunk) => {
        begun += await writer.transaction().execute((trx) => wantRecoveries(trx, chunk, now));
      });
      // Last: who dies before looks the same time through again, and what is written down already changes nothing.
      await writer
        .updateTable("watermarks")
        .set({ at: at.getTime(), ...noLease })
        .where("name", "=", name)
        .where("lease_holder", "=", holder)
        .execute();
      return begun;
    },
  };
}
