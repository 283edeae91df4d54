import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Sighting } from "../domain/alert.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { Store } from "../ports.ts";
import { claiming, done, leaseOf, noLease, oldestFirst } from "./claim.ts";
import { type Engine, inChunks, type Queries, storable } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { WaitingSightingRow } from "./rows.ts";
import { shareTransaction } from "./shared-transaction.ts";

/** Rows per insert: 9 columns each must stay below SQLite's 32,766 parameters. */
const rowsPerInsert = 1000;

/** Rows per transaction; about 20 ms of a processor. */
const chunkRows = 2000;

/** Of the alert of a sighting. */
const searchName = sql<
  string | null
>`(select alerts.search_name from alerts where alerts.id = sightings.alert_id)`.as("search_name");

const claimedColumns = [
  "id",
  "alert_id",
  "ip",
  "count",
  "fields",
  "severity",
  "attempts",
  "created_at",
  "due_at",
  searchName,
] as const;

/** Addresses that alerts name, until each has its decision. */
export function createSightingRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "recordSightings" | "claimSightings" | "postponeSighting" | "failSighting"> {
  const { writer } = engine;
  const recordFew = shareTransaction(engine, recordExtracted);

  const recordMany = async ({ alertId, sightings, now }: Extracted): Promise<void> => {
    let left = sightings.length;
    await inChunks(sightings, chunkRows, (chunk) => {
      left -= chunk.length;
      // The alert with the last ones: who dies before leaves it waiting, and repeating the first ones changes nothing.
      const insert = left === 0 ? recordExtracted : insertSightings;
      return writer.transaction().execute((trx) => insert(trx, { alertId, sightings: chunk, now }));
    });
  };

  const failSighting = async (id: string, reason: string): Promise<void> => {
    await writer
      .updateTable("sightings")
      .set({ ...done, error: storable(reason) })
      .where("id", "=", id)
      // Another one may have decided after this one's lease had ended.
      .where("due_at", "is not", null)
      .execute();
  };

  return {
    recordSightings(alertId, sightings, now) {
      const record = sightings.length > chunkRows ? recordMany : recordFew;
      return record({ alertId, sightings, now });
    },

    async claimSightings(claim) {
      const rows = await claiming(engine, "sightings", claim)
        .updateTable("sightings")
        .set(leaseOf(claim))
        .where("id", "in", (eb) => eb.selectFrom("picked").select("picked.id"))
        .returning(claimedColumns)
        .execute();
      const { readable, unreadable } = readRows(rows.sort(oldestFirst), {
        table: "sightings",
        schema: WaitingSightingRow,
        idOf: ({ id }) => id,
      });
      for (const { id, reason } of unreadable) {
        await failSighting(id, reason);
      }
      return readable;
    },

    async postponeSighting(id, dueAt, reason) {
      await writer
        .updateTable("sightings")
        .set((eb) => ({
          ...noLease,
          due_at: dueAt.getTime(),
          attempts: eb("attempts", "+", 1),
          error: storable(reason),
        }))
        .where("id", "=", id)
        // Another one may have decided after this one's lease had ended.
        .where("due_at", "is not", null)
        .execute();
    },

    failSighting,
  };
}

interface Extracted {
  readonly alertId: string;
  readonly sightings: readonly Sighting[];
  readonly now: Date;
}

/** The sightings, and the alert as extracted. */
async function recordExtracted(db: Queries, extracted: Extracted): Promise<void> {
  await insertSightings(db, extracted);
  await db.updateTable("alerts").set(done).where("id", "=", extracted.alertId).execute();
}

async function insertSightings(db: Queries, { alertId, sightings, now }: Extracted): Promise<void> {
  const rows = sightings.map(({ ip, count, fields, severity }) => ({
    id: sightingId(alertId, ip),
    alert_id: alertId,
    ip,
    count,
    fields: JSON.stringify(fields),
    severity,
    created_at: now.getTime(),
    due_at: now.getTime(),
    attempts: 0,
  }));
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    await db
      .insertInto("sightings")
      .values(rows.slice(start, start + rowsPerInsert))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** The same on every replica. */
export function sightingId(alertId: string, ip: IpAddress): string {
  return `si_${createHash("sha256").update(`${alertId} ${ip}`).digest("hex").slice(0, 32)}`;
}
