import { AppError, messageOf } from "../domain/errors.ts";
import type { Log, Notifier, NotifierPace, Store, WaitingNotification } from "../ports.ts";
import type { Contents } from "./contents.ts";

export interface OutboxDeps<Told> {
  readonly store: Pick<Store, "claimNotifications" | "postponeNotifications" | "failNotifications">;
  readonly notifier: Pick<Notifier<Told>, "channel" | "pace" | "send">;
  readonly contents: Contents<Told>;
  /** Names this process in leases. */
  readonly holder: string;
  readonly now: () => Date;
  readonly log: Log;
}

const leaseMs = 60_000;
/** How often due ones are looked for when nobody says that there are some. */
const pollMs = 1000;
const patienceMs = 3 * 24 * 3_600_000;

/**
 * One round of one channel's outbox: sends what is due. What can't be delivered now is tried again later, with growing pauses, for 3 days
 * after it was made. A crash between sending and recording it sends it again, recognisable by its id.
 * @returns milliseconds until the next round
 * @throws what the store throws; leases end by themselves
 */
export async function sendDue<Told>(deps: OutboxDeps<Told>, signal: AbortSignal): Promise<number> {
  const { store, notifier, holder, now } = deps;
  const { batch, atOnce, maxBytes } = notifier.pace;
  const limit = batch * atOnce;
  const claimed = await store.claimNotifications(
    notifier.channel,
    { holder, limit, now: now(), leaseMs },
    maxBytes,
  );
  // Every one comes to its end before a failure of the store ends the round.
  const outcomes = await Promise.allSettled(
    batchesOf(claimed, batch).map((notifications) => sendBatch(deps, notifications, signal)),
  );
  const pauses = outcomes.map((outcome) => {
    if (outcome.status === "rejected") {
      throw outcome.reason;
    }
    return outcome.value;
  });
  return Math.max(isFull(claimed, notifier.pace) ? 0 : pollMs, ...pauses);
}

/** More may wait. What was cut by its weight weighs more than half of what it may: no event is larger than that. */
function isFull(
  claimed: readonly WaitingNotification[],
  { batch, atOnce, maxBytes = Number.POSITIVE_INFINITY }: NotifierPace,
): boolean {
  const bytes = (): number =>
    claimed.reduce((sum, { event }) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
  return claimed.length === batch * atOnce || bytes() > maxBytes / 2;
}

function batchesOf<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_batch, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}

interface Waiting<Told> {
  readonly notification: WaitingNotification;
  readonly told: Told;
}

/** @returns milliseconds for which the channel should be left alone */
async function sendBatch<Told>(
  deps: OutboxDeps<Told>,
  notifications: readonly WaitingNotification[],
  signal: AbortSignal,
): Promise<number> {
  const { notifier, contents, now, log } = deps;
  const waiting = await readAll(deps, notifications);
  if (waiting.length === 0) {
    return 0;
  }
  const about = waiting.map(({ notification }) => notification);
  let errors: readonly (AppError | null)[];
  try {
    errors = await notifier.send(
      waiting.map(({ told }) => told),
      signal,
    );
  } catch (error) {
    // The process is ending: they stay claimed until the lease is released.
    return signal.aborted ? 0 : giveBack(deps, about, error);
  }
  const delivered = about.filter((_one, n) => (errors[n] ?? null) === null);
  if (delivered.length > 0) {
    await contents.delivered(
      delivered.map(({ id }) => id),
      now(),
    );
    log[notifier.pace.batch === 1 ? "info" : "debug"](toldOf(deps, delivered), "notification sent");
  }
  const undelivered = about.flatMap((notification, n) => {
    const error = errors[n] ?? null;
    return error === null ? [] : [{ notification, error }];
  });
  for (const [error, some] of Map.groupBy(undelivered, (one) => one.error)) {
    await putOffAll(
      deps,
      some.map(({ notification }) => notification),
      error,
    );
  }
  return 0;
}

/** Without those that have nothing to tell, which no later try would change. */
async function readAll<Told>(
  deps: OutboxDeps<Told>,
  notifications: readonly WaitingNotification[],
): Promise<readonly Waiting<Told>[]> {
  const { store, contents, log } = deps;
  const waiting: Waiting<Told>[] = [];
  for (const notification of notifications) {
    try {
      waiting.push({ notification, told: await contents.read(notification) });
    } catch (error) {
      if (error instanceof AppError && error.retryable) {
        throw error;
      }
      await store.failNotifications([notification.id], messageOf(error));
      log.error(
        { ...toldOf(deps, [notification]), error: messageOf(error) },
        "notification has nothing to tell",
      );
    }
  }
  return waiting;
}

/** Nothing of this batch was delivered. Where many go at once that is about the channel, which is then left alone for a while. */
async function giveBack<Told>(
  deps: OutboxDeps<Told>,
  notifications: readonly WaitingNotification[],
  error: unknown,
): Promise<number> {
  const pauses = await putOffAll(deps, notifications, error);
  return deps.notifier.pace.batch === 1 ? 0 : Math.min(...pauses);
}

/** @returns for how long, in milliseconds */
async function putOffAll<Told>(
  deps: OutboxDeps<Told>,
  notifications: readonly WaitingNotification[],
  error: unknown,
): Promise<readonly number[]> {
  const pauses: number[] = [];
  for (const [attempts, some] of Map.groupBy(notifications, (one) => one.attempts)) {
    pauses.push(pauseAfter(deps, attempts, error));
    await putOff(deps, some, error);
  }
  return pauses;
}

function pauseAfter<Told>({ notifier }: OutboxDeps<Told>, attempts: number, error: unknown): number {
  const { firstRetryMs, longestRetryMs } = notifier.pace;
  return Math.max(
    Math.min(longestRetryMs, firstRetryMs * 2 ** attempts),
    (error instanceof AppError ? error.retryAfterMs : undefined) ?? 0,
  );
}

/** @param notifications tried equally often */
async function putOff<Told>(
  deps: OutboxDeps<Told>,
  notifications: readonly WaitingNotification[],
  error: unknown,
): Promise<void> {
  const { store, now, log } = deps;
  const attempts = notifications[0]?.attempts ?? 0;
  const dueAt = new Date(now().getTime() + pauseAfter(deps, attempts, error));
  const isRetryable = error instanceof AppError && error.retryable;
  const [late, early] = partition(
    notifications,
    ({ createdAt }) => !isRetryable || dueAt.getTime() - createdAt.getTime() > patienceMs,
  );
  const told = { attempts: attempts + 1, error: messageOf(error) };
  if (early.length > 0) {
    await store.postponeNotifications(idsOf(early), dueAt, told.error);
    log.warn({ ...toldOf(deps, early), ...told, dueAt }, "notification not delivered, will be tried again");
  }
  if (late.length > 0) {
    await store.failNotifications(idsOf(late), told.error);
    log.error({ ...toldOf(deps, late), ...told }, "notification given up, see who was not told");
  }
}

function partition<Item>(
  items: readonly Item[],
  isFirst: (item: Item) => boolean,
): readonly [readonly Item[], readonly Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

function idsOf(notifications: readonly WaitingNotification[]): readonly string[] {
  return notifications.map(({ id }) => id);
}

/** Of many, how many and the first. */
function toldOf<Told>({ notifier }: OutboxDeps<Told>, notifications: readonly WaitingNotification[]) {
  const [first] = notifications;
  return {
    channel: notifier.channel,
    about: first?.subject.kind,
    subject: first?.subject.id,
    ...(notifications.length > 1 ? { count: notifications.length } : {}),
  };
}
