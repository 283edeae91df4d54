import type { Store } from "../ports.ts";
import { noLease } from "./claim.ts";
import { type Engine, nextTurn } from "./engine.ts";
import { lockLookUps } from "./lock-look-ups.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Nothing is due later than this on purpose: an alert at once, a sighting after its last attempt, a message after its longest pause, an event after the longest that Splunk may ask for. */
const latestDue = { alerts: hourMs, sightings: dayMs, notifications: 3 * dayMs, events: hourMs } as const;
/** The budget of a month is the longest for which a provider makes wait. */
const latestLookUp = 32 * dayMs;
/** No claim is for longer. */
const latestLease = 10 * minuteMs;
/** Clocks of replicas, and a clock that is being set, differ by less. */
const ahead = hourMs;

/** Going through all that waits takes some milliseconds, so it is done when time has gone back, and rarely otherwise: replicas have clocks of their own. */
const setBackMs = minuteMs;
const routineMs = hourMs;

/** What was written down while the clock was wrong. */
export function createClockMending(engine: Engine): Pick<Store, "mendClock"> {
  let last = { mendedAt: Number.NEGATIVE_INFINITY, latest: Number.NEGATIVE_INFINITY };
  return {
    async mendClock(now) {
      const nowMs = now.getTime();
      const wasSetBack = nowMs < last.latest - setBackMs;
      if (wasSetBack || nowMs >= last.mendedAt + routineMs) {
        await mendAll(engine, nowMs);
        last = { mendedAt: nowMs, latest: nowMs };
      } else {
        last = { ...last, latest: Math.max(last.latest, nowMs) };
      }
    },
  };
}

async function mendAll(engine: Engine, nowMs: number): Promise<void> {
  const steps = [
    () => freeLeases(engine, nowMs),
    () => hastenAlerts(engine, nowMs),
    () => hastenSightings(engine, nowMs),
    () => hastenNotifications(engine, nowMs),
    () => mendLookUps(engine, nowMs),
  ];
  for (const step of steps) {
    await step();
    await nextTurn();
  }
}

async function freeLeases({ writer }: Engine, nowMs: number): Promise<void> {
  for (const table of ["alerts", "sightings", "notifications", "recoveries"] as const) {
    await writer
      .updateTable(table)
      .set(noLease)
      .where("due_at", "is not", null)
      .where("lease_until", ">", nowMs + latestLease)
      .execute();
  }
  await writer
    .deleteFrom("firewall_leases")
    .where("lease_until", ">", nowMs + latestLease)
    .execute();
}

/** A recovery waits for minutes at most, an alert not at all. */
async function hastenAlerts({ writer }: Engine, nowMs: number): Promise<void> {
  for (const table of ["alerts", "recoveries"] as const) {
    await writer
      .updateTable(table)
      .set({ due_at: nowMs, ...noLease })
      .where("due_at", ">", nowMs + latestDue.alerts)
      .execute();
  }
  await writer
    .updateTable("watermarks")
    .set(noLease)
    .where("lease_until", ">", nowMs + latestLease)
    .execute();
  // What was looked through in the future was not.
  await writer
    .updateTable("watermarks")
    .set({ at: nowMs })
    .where("at", ">", nowMs + ahead)
    .execute();
}

/** One that is parked waits for as long as its policy says, unless that began in the future. */
async function hastenSightings({ writer }: Engine, nowMs: number): Promise<void> {
  await writer
    .updateTable("sightings")
    .set({ due_at: nowMs, ...noLease })
    .where("due_at", ">", nowMs + latestDue.sightings)
    .where("parked", "is", null)
    .execute();
  await writer
    .updateTable("sightings")
    // With its beginning: its patience, and the windows in which it counts, are told from that.
    .set({ due_at: nowMs, created_at: nowMs, ...noLease })
    .where("due_at", "is not", null)
    .where("created_at", ">", nowMs + ahead)
    .execute();
}

async function hastenNotifications({ writer }: Engine, nowMs: number): Promise<void> {
  await writer
    .updateTable("notifications")
    .set({ due_at: nowMs, ...noLease })
    .where("due_at", ">", nowMs + latestDue.events)
    .where((eb) =>
      eb.or([eb("subject_kind", "=", "event"), eb("due_at", ">", nowMs + latestDue.notifications)]),
    )
    .execute();
}

async function mendLookUps(engine: Engine, nowMs: number): Promise<void> {
  await engine.writer.transaction().execute(async (trx) => {
    await lockLookUps(engine, trx);
    await trx
      .updateTable("look_ups")
      .set(noLease)
      .where("lease_until", ">", nowMs + latestLease)
      .execute();
    await trx
      .updateTable("look_ups")
      .set({ due_at: nowMs, since: nowMs })
      .where("since", ">", nowMs + ahead)
      .execute();
    await trx
      .updateTable("look_ups")
      .set({ due_at: nowMs })
      .where("due_at", ">", nowMs + latestLookUp)
      .execute();
  });
}
