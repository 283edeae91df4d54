import { randomUUID } from "node:crypto";
import type { Alarm, Store } from "../ports.ts";
import type { Engine, Queries } from "./engine.ts";
import { storable } from "./engine.ts";
import { insertNotifications } from "./insert-notifications.ts";
import { AlarmRow } from "./people-rows.ts";
import type { ReadRows } from "./read-rows.ts";

/** Open at the same time; more than a person reads. */
const mostOpen = 1000;

/** What is wrong with Portcullis itself, or with what it depends on. */
export function createAlarmRecords(
  { reader, writer }: Engine,
  readRows: ReadRows,
): Pick<Store, "raiseAlarm" | "endAlarm" | "openAlarms"> {
  return {
    raiseAlarm: (alarm, channels, now) =>
      writer.transaction().execute((trx) => openAlarm(trx, alarm, channels, now)),

    endAlarm: (key, now) => closeAlarm(writer, key, now),

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

/** @returns true when it is new: none with this key was open. Each channel is told once, at once. */
export async function openAlarm(
  db: Queries,
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
  return true;
}

/** What the alarm with this key was about is over. */
export async function closeAlarm(db: Queries, key: string, now: Date): Promise<void> {
  await db
    .updateTable("alarms")
    .set({ ended_at: now.getTime() })
    .where("key", "=", storable(key))
    .where("ended_at", "is", null)
    .execute();
}
