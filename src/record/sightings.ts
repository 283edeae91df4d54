import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Sighting } from "../domain/alert.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { ExtractedAlert, Store } from "../ports.ts";
import { claiming, done, leaseOf, noLease, oldestFirst } from "./claim.ts";
import { type Engine, inChunks, type Queries, storable } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { WaitingSightingRow } from "./rows.ts";
import { countAlerts } from "./searches.ts";
import { shareBatches } from "./shared-transaction.ts";
import { wantRecoveries } from "./want-recoveries.ts";

/** Rows per insert: 10 columns each must stay below SQLite's 32,766 parameters. */
const rowsPerInsert = 1000;

/** Rows per transaction; about 20 ms of a processor. */
const chunkRows = 2000;

/** More would hold the only writing connection of SQLite for too long: deliveries wait for it. */
const alertsPerTransaction = 16;

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
  "asked_mode",
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
  const recordFew = shareBatches(engine, recordExtracted, alertsPerTransaction);

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
    async recordSightings(alertId, sightings, now, extracted = nothingElse) {
      const all = { alertId, sightings, now, ...extracted };
      await (sightings.length > chunkRows ? recordMany(engine, all) : recordFew(all));
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

interface Extracted extends ExtractedAlert {
  readonly alertId: string;
  readonly sightings: readonly Sighting[];
  readonly now: Date;
}

const nothingElse: ExtractedAlert = { search: null, recovery: null, doubt: null, askedMode: null };

async function recordMany({ writer }: Engine, extracted: Extracted): Promise<void> {
  let left = extracted.sightings.length;
  await inChunks(extracted.sightings, chunkRows, (chunk) => {
    left -= chunk.length;
    const part = { ...extracted, sightings: chunk };
    return writer.transaction().execute(async (trx) => {
      // The alert with the last ones: who dies before leaves it waiting, and repeating the first ones changes nothing.
      await (left === 0 ? recordExtracted(trx, [part]) : insertSightings(trx, part));
    });
  });
}

/** The sightings, the alerts as extracted, and what follows from them. */
async function recordExtracted(db: Queries, all: readonly Extracted[]): Promise<readonly undefined[]> {
  const fresh: Extracted[] = [];
  for (const one of all) {
    await insertSightings(db, one);
    if (await endAlert(db, one)) {
      fresh.push(one);
    }
  }
  const now = all[0]?.now ?? new Date(0);
  await wantRecoveries(
    db,
    fresh.flatMap(({ recovery }) => recovery ?? []),
    now,
  );
  // Last, because others count alerts of the same searches.
  await countAlerts(
    db,
    fresh.flatMap(({ search }) => search ?? []),
  );
  return all.map(() => undefined);
}

/** @returns false when it had been extracted before */
async function endAlert(db: Queries, { alertId, doubt }: Extracted): Promise<boolean> {
  const ended = await db
    .updateTable("alerts")
    .set(doubt === null ? done : { ...done, is_genuine: 0, doubt })
    .where("id", "=", alertId)
    .where("due_at", "is not", null)
    .returning("id")
    .execute();
  return ended.length > 0;
}

async function insertSightings(
  db: Queries,
  { alertId, sightings, now, askedMode }: Pick<Extracted, "alertId" | "sightings" | "now" | "askedMode">,
): Promise<void> {
  const rows = sightings.map(({ ip, count, fields, severity }) => ({
    id: sightingId(alertId, ip),
    alert_id: alertId,
    ip,
    count,
    fields: JSON.stringify(fields),
    severity,
    asked_mode: askedMode,
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
