import type { ToldEvent } from "../domain/told-event.ts";
import type { News, Store, WaitingNotification } from "../ports.ts";

/** What waits for a channel, and what becomes of it when it has arrived. */
export interface Contents<Told> {
  /** @throws when there is nothing to tell; AppError STORE_UNAVAILABLE when it can't be read now */
  readonly read: (notification: WaitingNotification) => Promise<Told>;
  readonly delivered: (ids: readonly string[], now: Date) => Promise<void>;
}

/** For people: what is known at the moment when it is sent. It stays on record who was told what. */
export function newsIn(store: Pick<Store, "news" | "notificationsSent">): Contents<News> {
  return {
    read: ({ subject: { kind, id } }) =>
      kind === "event"
        ? Promise.reject(new Error("an event, which people are not told"))
        : store.news({ kind, id }),
    delivered: (ids, now) => store.notificationsSent(ids, now),
  };
}

/** For programs: each moment as it was. There are too many to be kept. */
export function eventsIn(store: Pick<Store, "deleteNotifications">): Contents<ToldEvent> {
  return {
    read: ({ event }) => (event === null ? Promise.reject(new Error("no event")) : Promise.resolve(event)),
    delivered: (ids) => store.deleteNotifications(ids),
  };
}
