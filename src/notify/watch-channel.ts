import { AppError, messageOf } from "../domain/errors.ts";
import type { Log, Notifier, Store } from "../ports.ts";

export interface ChannelDesk {
  readonly store: Pick<Store, "raiseAlarm" | "endAlarm">;
  /** Channels to people, who are told of the trouble. */
  readonly channels: readonly string[];
  readonly now: () => Date;
  readonly log: Log;
}

/** A restart of Splunk takes minutes, and is no reason to call anybody. */
const patienceMs = 10 * 60_000;

/**
 * The same notifier, of which people are told by one alarm when it is refused, or has delivered nothing for ten minutes, and of which the
 * alarm ends when it delivers again.
 */
export function watchChannel<Told>(
  notifier: Notifier<Told>,
  { store, channels, now, log }: ChannelDesk,
): Notifier<Told> {
  const key = `channel ${notifier.channel}`;
  let failingSince: Date | null = null;
  /** Null: nobody knows what an earlier process has left. */
  let isAlarmed: boolean | null = null;

  const noteFailure = async (error: unknown): Promise<void> => {
    failingSince ??= now();
    const isRefused = error instanceof AppError && error.code === "HEC_REFUSED";
    const isLong = now().getTime() - failingSince.getTime() >= patienceMs;
    if (isAlarmed !== true && (isRefused || isLong)) {
      await store.raiseAlarm({ key, message: `${messageOf(error)}.`, advice }, channels, now());
      isAlarmed = true;
    }
  };

  const noteSuccess = async (): Promise<void> => {
    if (isAlarmed !== false) {
      await store.endAlarm(key, now());
      isAlarmed = false;
    }
    failingSince = null;
  };

  /** What is delivered is delivered, whether it can be noted or not: the next round notes it. */
  const note = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      log.warn(
        { channel: notifier.channel, error: messageOf(error) },
        "the state of a channel was not noted",
      );
    }
  };

  return {
    channel: notifier.channel,
    pace: notifier.pace,
    async send(told, signal) {
      try {
        const outcomes = await notifier.send(told, signal);
        await note(noteSuccess());
        return outcomes;
      } catch (error) {
        if (!signal.aborted) {
          await note(noteFailure(error));
        }
        throw error;
      }
    },
    close: () => notifier.close(),
  };
}

const advice =
  "Nothing is lost for three days: what Splunk was to be told waits, and is sent when this is mended. Blocks do not wait for it.";
