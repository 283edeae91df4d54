import type { Store } from "../ports.ts";
import type { Engine, Queries } from "./engine.ts";
import { isPending } from "./requested-changes.ts";

const latelyMs = 24 * 3_600_000;

/** Figures for health and metrics. */
export function createCounts({ reader }: Engine): Pick<Store, "counts"> {
  return {
    async counts(now) {
      const counts = await figures(reader, now);
      const decisions = await reader
        .selectFrom("decisions")
        .select((eb) => ["action", eb.fn.countAll<number>().as("n")])
        .groupBy("action")
        .execute();
      return {
        alerts: orZero(counts.alerts),
        alertsWaiting: orZero(counts.alertsWaiting),
        alertsFailed: orZero(counts.alertsFailed),
        sightingsWaiting: orZero(counts.sightingsWaiting),
        sightingsFailed: orZero(counts.sightingsFailed),
        decisions: Object.fromEntries(decisions.map(({ action, n }) => [action, n])),
        blocksStanding: orZero(counts.blocksStanding),
        enforcementsPending: orZero(counts.enforcementsPending),
        notificationsWaiting: orZero(counts.notificationsWaiting),
        notificationsFailed: orZero(counts.notificationsFailed),
        unreadableDeliveries: orZero(counts.unreadableDeliveries),
        unreadableLately: orZero(counts.unreadableLately),
        lastUnreadableAt: counts.lastUnreadableAt === null ? null : new Date(counts.lastUnreadableAt),
        lookUpsWaiting: orZero(counts.lookUpsWaiting),
        holdsWaiting: orZero(counts.holdsWaiting),
        alarmsOpen: orZero(counts.alarmsOpen),
        shadowDifferences: orZero(counts.shadowDifferences),
        recoveriesWaiting: orZero(counts.recoveriesWaiting),
        recoveriesFailed: orZero(counts.recoveriesFailed),
        // PostgreSQL tells a sum as a text.
        rowsRecovered: Number(counts.rowsRecovered ?? 0),
      };
    },
  };
}

/** In one statement. */
function figures(reader: Queries, now: Date) {
  return reader
    .selectNoFrom((eb) => {
      const all = eb.fn.countAll<number>().as("n");
      return [
        eb.selectFrom("alerts").select(all).as("alerts"),
        eb.selectFrom("alerts").select(all).where("due_at", "is not", null).as("alertsWaiting"),
        eb.selectFrom("alerts").select(all).where("error", "is not", null).as("alertsFailed"),
        eb.selectFrom("sightings").select(all).where("due_at", "is not", null).as("sightingsWaiting"),
        eb
          .selectFrom("sightings")
          .select(all)
          .where("error", "is not", null)
          .where("due_at", "is", null)
          .as("sightingsFailed"),
        eb
          .selectFrom("blocks")
          .select(all)
          .where("mode", "=", "enforce")
          .where("ended_at", "is", null)
          .where("expires_at", ">", now.getTime())
          .as("blocksStanding"),
        eb
          .selectFrom("enforcements as e")
          .innerJoin("blocks as b", "b.id", "e.block_id")
          .select(all)
          .where(isPending(now))
          .as("enforcementsPending"),
        eb.selectFrom("notifications").select(all).where("due_at", "is not", null).as("notificationsWaiting"),
        eb.selectFrom("notifications").select(all).where("state", "=", "failed").as("notificationsFailed"),
        eb.selectFrom("unreadable_deliveries").select(all).as("unreadableDeliveries"),
        eb
          .selectFrom("unreadable_deliveries")
          .select(all)
          .where("received_at", ">", now.getTime() - latelyMs)
          .as("unreadableLately"),
        eb
          .selectFrom("unreadable_deliveries")
          .select((of) => of.fn.max("received_at").as("at"))
          .as("lastUnreadableAt"),
        eb.selectFrom("look_ups").select(all).as("lookUpsWaiting"),
        eb
          .selectFrom("holds")
          .select(all)
          .where("ended_at", "is", null)
          .where("expires_at", ">", now.getTime())
          .as("holdsWaiting"),
        eb.selectFrom("alarms").select(all).where("ended_at", "is", null).as("alarmsOpen"),
        eb.selectFrom("decisions").select(all).where("shadow", "is not", null).as("shadowDifferences"),
        eb.selectFrom("recoveries").select(all).where("due_at", "is not", null).as("recoveriesWaiting"),
        eb.selectFrom("recoveries").select(all).where("outcome", "=", "failed").as("recoveriesFailed"),
        eb
          .selectFrom("recoveries")
          .select((of) => of.fn.sum("rows").as("rows"))
          .as("rowsRecovered"),
      ];
    })
    .executeTakeFirstOrThrow();
}

/** A count is never null, but a subquery may be, to its type. */
function orZero(count: number | null): number {
  return count ?? 0;
}
