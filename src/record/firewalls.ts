import type { FirewallRecord, Store } from "../ports.ts";
import { type Engine, type Queries, storable } from "./engine.ts";
import { firewallEvent, isFirewallNews } from "./events/firewall-event.ts";
import { insertEvents, tellsEvents } from "./events/insert-events.ts";
import type { ReadRows } from "./read-rows.ts";
import { FirewallRow } from "./rows.ts";

/** What is known of each firewall as a whole, and who may act on it. */
export function createFirewallRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "leaseFirewall" | "recordFirewall" | "firewalls"> {
  const { reader, writer } = engine;
  return {
    async leaseFirewall(firewall, holder, now, until) {
      const lease = { lease_holder: holder, lease_until: until.getTime() };
      const leased = await writer
        .insertInto("firewall_leases")
        .values({ firewall, ...lease })
        .onConflict((conflict) =>
          conflict
            .column("firewall")
            .doUpdateSet(lease)
            .where((eb) =>
              eb.or([
                eb("firewall_leases.lease_holder", "=", holder),
                eb("firewall_leases.lease_until", "<=", now.getTime()),
              ]),
            ),
        )
        .returning("firewall")
        .executeTakeFirst();
      return leased !== undefined;
    },

    async recordFirewall(record) {
      if (!tellsEvents(engine)) {
        await upsert(writer, record);
        return;
      }
      await writer.transaction().execute(async (trx) => {
        const row = await trx
          .selectFrom("firewalls")
          .selectAll()
          .where("name", "=", record.name)
          .executeTakeFirst();
        // One that can't be read is as good as none.
        if (isFirewallNews(FirewallRow.safeParse(row).data, record)) {
          await insertEvents(engine, trx, [firewallEvent(record, record.checkedAt)]);
        }
        await upsert(trx, record);
      });
    },

    async firewalls() {
      const rows = await reader.selectFrom("firewalls").selectAll().orderBy("name").execute();
      return readRows(rows, { table: "firewalls", schema: FirewallRow, idOf: ({ name }) => name }).readable;
    },
  };
}

async function upsert(db: Queries, record: FirewallRecord): Promise<void> {
  const known = {
    state: record.state,
    error: storable(record.error),
    checked_at: record.checkedAt.getTime(),
    in_sync_at: record.inSyncAt?.getTime() ?? null,
    unreachable_since: record.unreachableSince?.getTime() ?? null,
    drifts: record.drifts,
    last_drift: record.lastDrift === null ? null : JSON.stringify(record.lastDrift),
    capacity: record.capacity === null ? null : JSON.stringify(record.capacity),
    own_addresses: JSON.stringify(record.ownAddresses),
  };
  await db
    .insertInto("firewalls")
    .values({ name: record.name, ...known })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(known))
    .execute();
}
