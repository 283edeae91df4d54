import type { Activity } from "../domain/decision.ts";
import type { SightingsNeed } from "../domain/policy.ts";
import { plural } from "./plural.ts";
import { spanText } from "./span.ts";

/** True when there were so many events; false also when nobody has counted in this window. */
export function isSeenEnough(need: SightingsNeed | null, activity: readonly Activity[]): boolean {
  return need === null || (eventsIn(need, activity) ?? Number.NaN) >= need.events;
}

/** `20 events within 10m` */
export function needText({ events, seconds }: SightingsNeed): string {
  return `${plural(events, "event")} within ${spanText(seconds)}`;
}

/** `seen 25 events in 10m (rule: at least 20)` */
export function describeMetNeed(need: SightingsNeed, activity: readonly Activity[]): string {
  const events = eventsIn(need, activity) ?? 0;
  return `seen ${plural(events, "event")} in ${spanText(need.seconds)} (rule: at least ${need.events})`;
}

/** `seen 2 of 5 events in 10m` */
export function describeUnmetNeed(need: SightingsNeed, activity: readonly Activity[]): string {
  const events = eventsIn(need, activity);
  const seen = events === undefined ? "an unknown number" : `${events}`;
  return `seen ${seen} of ${plural(need.events, "event")} in ${spanText(need.seconds)}`;
}

function eventsIn({ seconds }: SightingsNeed, activity: readonly Activity[]): number | undefined {
  return activity.find((one) => one.seconds === seconds)?.events;
}
