import type { Store } from "../ports.ts";
import { type Engine, isOneOf, type Queries } from "./engine.ts";
import { firewallEvent } from "./events/firewall-event.ts";
import { insertEvents } from "./events/insert-events.ts";
import type { ReadRows } from "./read-rows.ts";
import { FirewallRow } from "./rows.ts";

/** Among the watermarks: up to which period the state was told. */
const watermark = "told-state";

/** How things stand, for those who are told of events. */
export function createStateTelling(engine: Engine, readRows: ReadRows): Pick<Store, "tellState"> {
  return {
    tellState(period, { events, firewalls }) {
      return engine.writer.transaction().execute(async (trx) => {
        if (!(await isFirst(trx, period))) {
          return false;
        }
        const rows = await trx
          .selectFrom("firewalls")
          .selectAll()
          .where(isOneOf(engine, "name", firewalls))
          .orderBy("name")
          .execute();
        const records = readRows(rows, {
          table: "firewalls",
          schema: FirewallRow,
          idOf: ({ name }) => name,
        }).readable;
        await insertEvents(engine, trx, [
          ...events,
          ...records.map((record) => firewallEvent(record, period)),
        ]);
        return true;
      });
    },
  };
}

/** Of two that come at once, the second waits here. */
async function isFirst(db: Queries, period: Date): Promise<boolean> {
  const at = period.getTime();
  const moved = await db
    .insertInto("watermarks")
    .values({ name: watermark, at, lease_holder: null, lease_until: null })
    .onConflict((conflict) =>
      conflict
        .column("name")
        .doUpdateSet({ at })
        .where((eb) => eb.or([eb("watermarks.at", "is", null), eb("watermarks.at", "<", at)])),
    )
    .returning("name")
    .executeTakeFirst();
  return moved !== undefined;
}
