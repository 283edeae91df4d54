import { AppError, messageOf } from "../domain/errors.ts";
import type { Log, News, Notifier, Store, WaitingNotification } from "../ports.ts";

export interface OutboxDeps {
  readonly store: Pick<
    Store,
    "claimNotifications" | "news" | "notificationSent" | "postponeNotification" | "failNotification"
  >;
  readonly notifier: Pick<Notifier, "channel" | "send">;
  /** Names this process in leases. */
  readonly holder: string;
  readonly now: () => Date;
  readonly log: Log;
}

const leaseMs = 60_000;
/** At the same time, so that one slow delivery does not hold up the others, and few enough for any mail server. */
const atOnce = 4;
/** How often due ones are looked for when nobody says that there are some. */
const pollMs = 1000;
const longestRetryMs = 3_600_000;
const firstRetryMs = 30_000;
const patienceMs = 3 * 24 * 3_600_000;

/**
 * One round of one channel's outbox: sends what is due. What can't be delivered now is tried again after 30 s, 1 min, …
 * 1 h, for 3 days after it was made. A crash between sending and recording it sends it again, recognisable by its id.
 * @returns milliseconds until the next round
 * @throws what the store throws; leases end by themselves
 */
export async function sendDue(deps: OutboxDeps, signal: AbortSignal): Promise<number> {
  const { store, notifier, holder, now } = deps;
  const claimed = await store.claimNotifications(notifier.channel, {
    holder,
    limit: atOnce,
    now: now(),
    leaseMs,
  });
  // Every one comes to its end before a failure of the store ends the round.
  const outcomes = await Promise.allSettled(
    claimed.map((notification) => sendOne(deps, notification, signal)),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    throw failed.reason;
  }
  return claimed.length === atOnce ? 0 : pollMs;
}

async function sendOne(
  deps: OutboxDeps,
  notification: WaitingNotification,
  signal: AbortSignal,
): Promise<void> {
  const { store, notifier, now, log } = deps;
  const { id } = notification;
  const news = await newsOf(deps, notification);
  if (news === undefined) {
    return;
  }
  try {
    await notifier.send(news, signal);
  } catch (error) {
    // The process is ending: the notification stays claimed until its lease is released.
    if (!signal.aborted) {
      await putOff(deps, notification, error);
    }
    return;
  }
  await store.notificationSent(id, now());
  log.info(toldOf(deps, notification), "notification sent");
}

/** Undefined when there is nothing to tell, which no later try would change. */
async function newsOf(deps: OutboxDeps, notification: WaitingNotification): Promise<News | undefined> {
  const { store, log } = deps;
  try {
    return await store.news(notification.subject);
  } catch (error) {
    if (error instanceof AppError && error.retryable) {
      throw error;
    }
    await store.failNotification(notification.id, messageOf(error));
    log.error({ ...toldOf(deps, notification), error: messageOf(error) }, "notification has nothing to tell");
    return undefined;
  }
}

async function putOff(deps: OutboxDeps, notification: WaitingNotification, error: unknown): Promise<void> {
  const { store, now, log } = deps;
  const { id, attempts, createdAt } = notification;
  const told = { ...toldOf(deps, notification), attempts: attempts + 1, error: messageOf(error) };
  const isRetryable = error instanceof AppError && error.retryable;
  const waitMs = Math.max(
    Math.min(longestRetryMs, firstRetryMs * 2 ** attempts),
    (error instanceof AppError ? error.retryAfterMs : undefined) ?? 0,
  );
  const dueAt = new Date(now().getTime() + waitMs);
  if (isRetryable && dueAt.getTime() - createdAt.getTime() <= patienceMs) {
    await store.postponeNotification(id, dueAt, messageOf(error));
    log.warn({ ...told, dueAt }, "notification not delivered, will be tried again");
    return;
  }
  await store.failNotification(id, messageOf(error));
  log.error(told, "notification given up, see who was not told");
}

function toldOf({ notifier }: OutboxDeps, { subject }: WaitingNotification) {
  return { channel: notifier.channel, about: subject.kind, subject: subject.id };
}
