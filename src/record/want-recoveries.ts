import { type RawBuilder, sql } from "kysely";
import type { RecoveryWanted } from "../ports.ts";
import { type Queries, storable } from "./engine.ts";
import { settingsText } from "./stored-settings.ts";

/** Of a recovery that begins: 13 columns each must stay below SQLite's 32,766 parameters. */
const rowsPerInsert = 1000;

/** Between two recoveries of one sid: whoever sends alerts of it again and again must not have it fetched without a pause. */
export const restMs = 10_000;

/** Writes down what Splunk is to be asked about. One that is known stays as it is, unless it is to be repeated. @returns how many wait now that did not before */
export async function wantRecoveries(
  db: Queries,
  wanted: readonly RecoveryWanted[],
  now: Date,
): Promise<number> {
  let begun = 0;
  for (const isRepeated of [false, true]) {
    const some = bySid(wanted.filter((one) => one.isRepeated === isRepeated));
    for (let start = 0; start < some.length; start += rowsPerInsert) {
      const chunk = some.slice(start, start + rowsPerInsert);
      // oxlint-disable-next-line no-await-in-loop -- one transaction has one connection
      begun += await (isRepeated ? repeat(db, chunk, now) : begin(db, chunk, now));
    }
  }
  return begun;
}

/** From the least that is to be done to the most. */
const causes: readonly RecoveryWanted["cause"][] = ["check", "rows", "missed", "missed-rows"];

/** Each once, with the most that is wanted, and in one order for all: two transactions must not wait for each other crosswise. */
function bySid(wanted: readonly RecoveryWanted[]): readonly RecoveryWanted[] {
  const rising = wanted.toSorted((a, b) => causes.indexOf(a.cause) - causes.indexOf(b.cause));
  const once = new Map(rising.map((one) => [one.sid, one]));
  return [...once.values()].sort((a, b) => (a.sid < b.sid ? -1 : 1));
}

async function begin(db: Queries, wanted: readonly RecoveryWanted[], now: Date): Promise<number> {
  const fresh = await db
    .insertInto("recoveries")
    .values(wanted.map((one) => valuesOf(one, now)))
    .onConflict((conflict) => conflict.column("sid").doNothing())
    .returning("sid")
    .execute();
  return fresh.length;
}

/**
 * One that waits is done for what has come until it is claimed; what comes later is noted, so that it is done again. One that was only to
 * check fetches rows too as soon as they are wanted: a forged alert that says it is one row of many must not keep them away.
 */
async function repeat(db: Queries, wanted: readonly RecoveryWanted[], now: Date): Promise<number> {
  for (const [cause, some] of Map.groupBy(wanted, (one) => one.cause)) {
    const sids = some.map(({ sid }) => sid);
    await db
      .updateTable("recoveries")
      .set((eb) => ({ wants: eb("wants", "+", 1), cause: causeAfter(cause) }))
      .where("sid", "in", sids)
      .where("ended_at", "is", null)
      .execute();
  }
  const begun = await db
    .insertInto("recoveries")
    .values(wanted.map((one) => valuesOf(one, now)))
    .onConflict((conflict) =>
      conflict
        .column("sid")
        .doUpdateSet((eb) => ({
          alert_id: sql`coalesce(recoveries.alert_id, excluded.alert_id)`,
          // What was to be fetched before is fetched again: the ids of the same rows are the same.
          cause: sql`case when excluded.cause = 'check' then recoveries.cause else excluded.cause end`,
          created_at: eb.ref("excluded.created_at"),
          due_at: sql`case when excluded.due_at > recoveries.ended_at + ${restMs} then excluded.due_at else recoveries.ended_at + ${restMs} end`,
          attempts: 0,
          outcome: null,
          error: null,
          ended_at: null,
        }))
        .where("recoveries.ended_at", "is not", null),
    )
    .returning("sid")
    .execute();
  return begun.length;
}

/** Of one that waits, when this is wanted too. */
function causeAfter(cause: RecoveryWanted["cause"]): RawBuilder<RecoveryWanted["cause"]> {
  const insteadOf = cause === "missed-rows" ? sql`true` : sql`recoveries.cause = 'check'`;
  return sql<RecoveryWanted["cause"]>`case when ${insteadOf} then ${cause} else recoveries.cause end`;
}

function valuesOf(one: RecoveryWanted, now: Date) {
  return {
    sid: one.sid,
    alert_id: one.alertId,
    cause: one.cause,
    search_name: storable(one.searchName),
    app: storable(one.app),
    owner: storable(one.owner),
    settings: settingsText(one.settings),
    created_at: now.getTime(),
    attempts: 0,
    wants: 1,
    rows: 0,
    due_at: one.dueAt.getTime(),
  };
}
