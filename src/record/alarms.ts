import { randomUUID } from "node:crypto";
import type { Alarm, Store } from "../ports.ts";
import type { Engine, Queries } from "./engine.ts";
import { storable } from "./engine.ts";
import { alarmEvent } from "./events/alarm-event.ts";
import { insertEvents, tellsEvents } from "./events/insert-events.ts";
import { insertNotifications } from "./insert-notifications.ts";
import { AlarmRow } from "./people-rows.ts";
import type { ReadRows } from "./read-rows.ts";

/** Open at the same time; more than a person reads. */
const mostOpen = 1000;

/** What is wrong with Portcullis itself, or with what it depends on. */
export function createAlarmRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "raiseAlarm" | "endAlarm" | "openAlarms"> {
  const { reader, writer } = engine;
  return {
    raiseAlarm: (alarm, channels, now) =>
      writer.transaction().execute((db) => openAlarm({ engine, db }, alarm, channels, now)),

    endAlarm: (key, now) =>
      tellsEvents(engine)
        ? writer.transaction().execute((db) => closeAlarm({ engine, db }, key, now))
        : closeAlarm({ engine, db: writer }, key, now),

    async openAlarms() {
      const rows = await reader
        .selectFrom("alarms")
        .selectAll()
        .where("ended_at", "is", null)
        .orderBy("raised_at", "desc")
        .orderBy("id")
        .limit(mostOpen)
        .execute();
      return readRows(rows, { table: "alarms", schema: AlarmRow, idOf: ({ id }) => id }).readable;
    },
  };
}

/** Where alarms are written down, in the transaction of what they are about. */
export interface AlarmDesk {
  readonly engine: Engine;
  readonly db: Queries;
}

/** @returns true when it is new: none with this key was open. Each channel is told once, at once. */
export async function openAlarm(
  { engine, db }: AlarmDesk,
  { key, message, advice }: Pick<Alarm, "key" | "message" | "advice">,
  channels: readonly string[],
  now: Date,
): Promise<boolean> {
  const id = `ar_${randomUUID().replaceAll("-", "")}`;
  const opened = await db
    .insertInto("alarms")
    .values({
      id,
      key: storable(key),
      message: storable(message),
      advice: storable(advice),
      raised_at: now.getTime(),
    })
    .onConflict((conflict) => conflict.column("key").where("ended_at", "is", null).doNothing())
    .returning("id")
    .executeTakeFirst();
  if (opened === undefined) {
    return false;
  }
  await insertNotifications(
    db,
    { kind: "alarm", id },
    {
      createdAt: now,
      notifications: channels.map((channel) => ({ channel, dueAt: now })),
    },
  );
  if (tellsEvents(engine)) {
    const alarm = { id, key, message, advice, raisedAt: now, endedAt: null };
    await insertEvents(engine, db, [alarmEvent(alarm)]);
  }
  return true;
}

/** What the alarm with this key was about is over. */
export async function closeAlarm({ engine, db }: AlarmDesk, key: string, now: Date): Promise<void> {
  const ended = await db
    .updateTable("alarms")
    .set({ ended_at: now.getTime() })
    .where("key", "=", storable(key))
    .where("ended_at", "is", null)
    .returningAll()
    .execute();
  if (tellsEvents(engine)) {
    const alarms = ended.map((row) => ({ ...row, raisedAt: new Date(row.raised_at), endedAt: now }));
    await insertEvents(engine, db, alarms.map(alarmEvent));
  }
}
