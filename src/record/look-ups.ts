import { parseIpAddress, prefixContains } from "../domain/ip-address.ts";
import type { Store } from "../ports.ts";
import { noLease } from "./claim.ts";
import { claimLookUps } from "./claim-look-ups.ts";
import { type Engine, isOneOf } from "./engine.ts";
import { finishLookUps } from "./finish-look-ups.ts";
import { lockLookUps } from "./lock-look-ups.ts";
import { parkSightings } from "./park-sightings.ts";
import type { ReadRows } from "./read-rows.ts";
import { mayLieIn } from "./related-networks.ts";
import { shareBatch } from "./share-batch.ts";

/** Each is of some addresses, with a few statements of its own. */
const finishedPerTransaction = 16;

/** What providers are still to be asked about. */
export function createLookUpRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<
  Store,
  | "parkSighting"
  | "claimLookUps"
  | "lookUpsIn"
  | "postponeLookUps"
  | "finishLookUps"
  | "hastenLookUps"
  | "lookUpBacklogs"
> {
  const { writer } = engine;
  return {
    ...createLookUpReads(engine),

    parkSighting: shareBatch(engine, (db, parkings) => parkSightings(engine, db, parkings)),

    claimLookUps: (provider, claim) => claimLookUps(engine, readRows, provider, claim),

    postponeLookUps: (provider, ips, dueAt) =>
      writer.transaction().execute(async (trx) => {
        await lockLookUps(engine, trx);
        await trx
          .updateTable("look_ups")
          .set({ ...noLease, due_at: dueAt.getTime() })
          .where("provider", "=", provider)
          .where(isOneOf(engine, "ip", ips))
          .execute();
      }),

    finishLookUps: shareBatch(engine, (db, done) => finishLookUps(engine, db, done), finishedPerTransaction),

    hastenLookUps: (provider, now) =>
      writer.transaction().execute(async (trx) => {
        await lockLookUps(engine, trx);
        await trx
          .updateTable("look_ups")
          .set({ due_at: now.getTime() })
          .where("provider", "=", provider)
          .where("due_at", ">", now.getTime())
          .execute();
      }),
  };
}

function createLookUpReads({ reader }: Engine): Pick<Store, "lookUpsIn" | "lookUpBacklogs"> {
  return {
    async lookUpsIn(provider, network) {
      const rows = await reader
        .selectFrom("look_ups")
        .select("ip")
        .where("provider", "=", provider)
        .where(mayLieIn(network))
        .execute();
      return rows.flatMap((row) => {
        const ip = parseIpAddress(row.ip);
        return ip !== undefined && prefixContains(network, ip) ? [ip] : [];
      });
    },

    async lookUpBacklogs() {
      const rows = await reader
        .selectFrom("look_ups")
        .select((eb) => [
          "provider",
          eb.fn.countAll<number>().as("waiting"),
          eb.fn.min<number>("since").as("oldest_at"),
        ])
        .groupBy("provider")
        .orderBy("provider")
        .execute();
      return rows.map(({ provider, waiting, oldest_at }) => ({
        provider,
        waiting,
        oldestAt: new Date(oldest_at),
      }));
    },
  };
}
