import { AppError, messageOf } from "../domain/errors.ts";
import { type PullWindow, windowOf } from "./pull-window.ts";

export interface PullEvery {
  /** Length of each window. */
  readonly everySeconds: number;
  /** How long after its end a window is searched: events reach Splunk late. */
  readonly lagSeconds: number;
  /** The first window holds this second; null: the last whole window. */
  readonly from: number | null;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or when it is to stop. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly run: (window: PullWindow) => Promise<void>;
  readonly tell: (line: string) => void;
  readonly stopSignal: AbortSignal;
}

/** After so many vain tries of what no repeat will change, the next window's turn comes. */
const mostTries = 3;

/**
 * Searches window after window until it is to stop. Windows begin at multiples of their length, so that they follow one another without gap or
 * overlap, also over a restart. One that fails is tried again, and those after it wait.
 * @throws {AppError} of the first window, when trying again can't help: the search itself is wrong
 */
export async function pullEvery(options: PullEvery): Promise<void> {
  const { everySeconds, lagSeconds, now, sleep, run, stopSignal } = options;
  let from = firstStart(options);
  let tries = 0;
  let isFirst = true;
  while (!stopSignal.aborted) {
    const waitSeconds = from + everySeconds + lagSeconds - now();
    if (waitSeconds > 0) {
      await sleep(waitSeconds * 1000);
      continue;
    }
    try {
      await run(windowOf(from, from + everySeconds));
      isFirst = false;
      tries = 0;
      from += everySeconds;
    } catch (error) {
      const isHopeless = requireExpected(error, isFirst);
      tries = isHopeless ? tries + 1 : 0;
      const isLeftOut = tries >= mostTries;
      tellFailure(options, error, { from, isLeftOut });
      from += isLeftOut ? everySeconds : 0;
      tries = isLeftOut ? 0 : tries;
      await sleep(Math.min(everySeconds, 60) * 1000);
    }
  }
}

/** Whether trying again can't help. @throws what was thrown, when it is a bug, or when nothing has worked yet and nothing will */
function requireExpected(error: unknown, isFirst: boolean): boolean {
  if (!(error instanceof AppError) || (isFirst && !error.retryable)) {
    throw error;
  }
  return !error.retryable;
}

function tellFailure(
  { everySeconds, tell }: PullEvery,
  error: unknown,
  { from, isLeftOut }: { readonly from: number; readonly isLeftOut: boolean },
): void {
  const to = from + everySeconds;
  const next = isLeftOut
    ? `left out after ${mostTries} tries; search it by hand with --earliest ${from} --latest ${to}`
    : "will be tried again";
  tell(`${messageOf(error)}\nthe window from ${from} to ${to} failed: ${next}`);
}

function firstStart({ everySeconds, lagSeconds, from, now }: PullEvery): number {
  const lastEnd = floor(now() - lagSeconds, everySeconds);
  return from === null ? lastEnd - everySeconds : floor(from, everySeconds);
}

function floor(second: number, step: number): number {
  return Math.floor(second / step) * step;
}
