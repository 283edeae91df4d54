import { randomBytes } from "node:crypto";
import type { ToldEvent } from "../../domain/told-event.ts";
import type { Engine, Queries } from "../engine.ts";
import { type InsertTarget, insertMany } from "../multi-insert.ts";

const target: InsertTarget = {
  table: "notifications",
  columns: [
    "id",
    "subject_kind",
    "subject_id",
    "channel",
    "state",
    "created_at",
    "due_at",
    "attempts",
    "body",
  ],
  end: "on conflict (subject_id, channel) do nothing",
};

/** Puts these into the outbox of each channel that takes events, in the caller's transaction. To be called only where there is one: see `tellsEvents`. */
export async function insertEvents(engine: Engine, db: Queries, events: readonly ToldEvent[]): Promise<void> {
  const rows = (engine.eventChannels ?? []).flatMap((channel) =>
    events.map((event) => rowOf(event, channel)),
  );
  await insertMany({ engine, db }, target, rows);
}

/** False: nobody wants to know, and nothing needs to be read for it. */
export function tellsEvents({ eventChannels = [] }: Pick<Engine, "eventChannels">): boolean {
  return eventChannels.length > 0;
}

function rowOf({ id, kind, at, fields }: ToldEvent, channel: string): readonly unknown[] {
  const time = at.getTime();
  const body = JSON.stringify({ kind, fields });
  return [rowId(time), "event", id, channel, "waiting", time, time, 0, body];
}

let written = 0;

/** In the order of time and of this process, so that what is written together is together in the index, and is told in its order. */
function rowId(time: number): string {
  written = (written + 1) % 2 ** 32;
  const parts = [Math.max(0, time).toString(16).padStart(12, "0"), written.toString(16).padStart(8, "0")];
  return `no_${parts.join("")}${randomBytes(6).toString("hex")}`;
}
