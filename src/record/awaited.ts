import { sql } from "kysely";
import { type IpAddress, parseIpAddress } from "../domain/ip-address.ts";
import type { Store } from "../ports.ts";
import { type Engine, isOneOf, nextTurn } from "./engine.ts";
import { lockLookUps, lockSightings } from "./lock-look-ups.ts";

/** Addresses per transaction: each may have several sightings that wait. */
const chunkAddresses = 200;

/** For whom providers are asked at all. */
export function createAwaitedRecords(engine: Engine): Pick<Store, "awaited" | "hastenParked"> {
  return {
    async awaited(ips, now) {
      const [sighted, held] = await Promise.all([sightedAmong(engine, ips), heldAmong(engine, ips, now)]);
      return new Set([...sighted, ...held].flatMap((text) => parseIpAddress(text) ?? []));
    },

    async hastenParked(now) {
      let last = "";
      for (;;) {
        const ips = await parkedAfter(engine, last);
        const end = ips.at(-1);
        if (end === undefined) {
          return;
        }
        await hasten(engine, ips, now);
        last = end;
        await nextTurn();
      }
    },
  };
}

/** One step in the index of what waits for each, however many sightings of one address do. */
async function sightedAmong(engine: Engine, ips: readonly IpAddress[]): Promise<readonly string[]> {
  const waits = sql`select 1 from sightings where sightings.ip = given.ip and sightings.due_at is not null limit 1`;
  const { rows } = await (engine.kind === "sqlite"
    ? sql<{ ip: string }>`
          select given.ip from (select value as ip from json_each(${JSON.stringify(ips)})) as given where exists (${waits})`
    : // A join with a limit can't be planned as one that reads the whole table.
      sql<{ ip: string }>`
          select given.ip from unnest(${ips}::text[]) as given (ip) cross join lateral (${waits}) as waiting`
  ).execute(engine.reader);
  return rows.map(({ ip }) => ip);
}

async function heldAmong(engine: Engine, ips: readonly IpAddress[], now?: Date): Promise<readonly string[]> {
  const rows = await engine.reader
    .selectFrom("holds")
    .select("ip")
    .where(isOneOf(engine, "ip", ips))
    .where("ended_at", "is", null)
    .$if(now !== undefined, (query) => query.where("expires_at", ">", now?.getTime() ?? 0))
    .execute();
  return rows.map(({ ip }) => ip);
}

/** The next addresses for which something waits. By address, so that what is parked again meanwhile is not met again. */
async function parkedAfter({ reader }: Engine, last: string): Promise<readonly string[]> {
  const rows = await reader
    .selectFrom("sightings")
    .select("ip")
    .where("due_at", "is not", null)
    .where("ip", ">", last)
    .groupBy("ip")
    .orderBy("ip")
    .limit(chunkAddresses)
    .execute();
  return rows.map(({ ip }) => ip);
}

async function hasten(engine: Engine, ips: readonly string[], now: Date): Promise<void> {
  await engine.writer.transaction().execute(async (trx) => {
    await lockLookUps(engine, trx);
    await lockSightings(engine, trx, "ip", ips);
    await trx
      .updateTable("sightings")
      .set({ due_at: now.getTime() })
      .where(isOneOf(engine, "ip", ips))
      .where("due_at", ">", now.getTime())
      .where("parked", "is not", null)
      .execute();
  });
}
