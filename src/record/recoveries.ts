import type { CheckedAlert, RecoveryEnd, Store } from "../ports.ts";
import { claiming, done, leaseOf, noLease, oldestFirst } from "./claim.ts";
import { type Engine, isOneOf, type Queries, storable } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { WaitingRecoveryRow } from "./recovery-rows.ts";
import { shareBatches } from "./shared-transaction.ts";
import { restMs } from "./want-recoveries.ts";

const claimedColumns = [
  "sid",
  "alert_id",
  "cause",
  "search_name",
  "app",
  "owner",
  "settings",
  "created_at",
  "attempts",
  "wants",
  "due_at",
] as const;

/** Runs of searches about which Splunk is asked. */
export function createRecoveryRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "claimRecoveries" | "extendRecovery" | "postponeRecovery" | "endRecovery"> {
  const { writer } = engine;
  const endTogether = shareBatches(
    engine,
    (db, ended: readonly Ended[]) => endAll(engine, db, ended),
    endedAtOnce,
  );
  return {
    async claimRecoveries(claim) {
      const rows = await claiming(engine, "recoveries", claim)
        .updateTable("recoveries")
        .set(leaseOf(claim))
        .where("sid", "in", (eb) => eb.selectFrom("picked").select("picked.id"))
        .returning(claimedColumns)
        .execute();
      const { readable, unreadable } = readRows(rows.sort(oldestFirst), {
        table: "recoveries",
        schema: WaitingRecoveryRow,
        idOf: ({ sid }) => sid,
      });
      for (const { id: sid, reason } of unreadable) {
        const unread = { sid, wants: rows.find((row) => row.sid === sid)?.wants ?? 0 };
        await finish(writer, { ...unread, outcome: "failed", rows: 0, error: reason }, claim.now);
      }
      return readable;
    },

    async extendRecovery(sid, holder, until) {
      const extended = await writer
        .updateTable("recoveries")
        .set({ lease_until: until.getTime() })
        .where("sid", "=", sid)
        .where("lease_holder", "=", holder)
        .where("due_at", "is not", null)
        .returning("sid")
        .execute();
      return extended.length > 0;
    },

    async postponeRecovery(sid, dueAt, reason) {
      await writer
        .updateTable("recoveries")
        .set((eb) => ({
          ...noLease,
          due_at: dueAt.getTime(),
          attempts: eb("attempts", "+", 1),
          error: storable(reason),
        }))
        .where("sid", "=", sid)
        // Another one may have ended it after this one's lease had ended.
        .where("due_at", "is not", null)
        .execute();
    },

    endRecovery: (end, now) => endTogether({ end, now }),
  };
}

/** Some milliseconds of a processor. */
const endedAtOnce = 16;

interface Ended {
  readonly end: RecoveryEnd;
  readonly now: Date;
}

/** In the order of an extraction, which writes alerts and then wants their recoveries by sid: they must not wait for each other crosswise. */
async function endAll(engine: Engine, db: Queries, all: readonly Ended[]): Promise<readonly undefined[]> {
  await keepChecked(
    engine,
    db,
    all.flatMap(({ end }) => end.checked),
  );
  for (const { end, now } of all.toSorted((a, b) => (a.end.sid < b.end.sid ? -1 : 1))) {
    await finish(db, end, now);
  }
  for (const { end, now } of all) {
    await hastenSightings(engine, db, { alertIds: end.checked.map(({ alertId }) => alertId), now });
  }
  return all.map(() => undefined);
}

/** Wanted again by an alert that came while it was done, it waits again: that alert may not have been looked at. */
async function finish(
  db: Queries,
  { sid, wants, outcome, rows, error }: Omit<RecoveryEnd, "checked">,
  now: Date,
): Promise<void> {
  const ended = await db
    .updateTable("recoveries")
    .set({ ...done, outcome, rows, error: storable(error), ended_at: now.getTime() })
    .where("sid", "=", sid)
    .where("due_at", "is not", null)
    .where("wants", "=", wants)
    .returning("sid")
    .execute();
  if (ended.length === 0) {
    await db
      .updateTable("recoveries")
      .set({ ...noLease, due_at: now.getTime() + restMs, rows, attempts: 0, error: null })
      .where("sid", "=", sid)
      .where("due_at", "is not", null)
      .execute();
  }
}

/** All that are alike together: one sid may have 500 alerts. One that was confirmed stays so. */
async function keepChecked(engine: Engine, db: Queries, checked: readonly CheckedAlert[]): Promise<void> {
  const alike = Map.groupBy(checked, ({ isGenuine, doubt }) => JSON.stringify([isGenuine, doubt]));
  for (const some of alike.values()) {
    const [first] = some;
    if (first !== undefined) {
      await db
        .updateTable("alerts")
        .set({
          is_genuine: first.isGenuine === null ? null : Number(first.isGenuine),
          doubt: storable(first.doubt),
        })
        .where(
          isOneOf(
            engine,
            "id",
            some.map(({ alertId }) => alertId),
          ),
        )
        .where((eb) => eb.or([eb("is_genuine", "is", null), eb("is_genuine", "=", 0)]))
        .execute();
    }
  }
}

interface Hastened {
  readonly alertIds: readonly string[];
  readonly now: Date;
}

/** What waits for the answer. What waits for a provider goes on waiting. */
async function hastenSightings(engine: Engine, db: Queries, { alertIds, now }: Hastened): Promise<void> {
  if (alertIds.length > 0) {
    await db
      .updateTable("sightings")
      .set({ due_at: now.getTime() })
      .where(isOneOf(engine, "alert_id", alertIds))
      .where("due_at", ">", now.getTime())
      .where("parked", "is", null)
      .execute();
  }
}
