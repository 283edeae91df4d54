import { messageOf } from "./domain/errors.ts";
import type { Log } from "./ports.ts";

/** Work that goes on until it is stopped. */
export interface Loop {
  /** There may be something to do now. */
  readonly wake: () => void;
  /** Starts no further step and waits for the running one. Harmless when called twice. */
  readonly stop: () => Promise<void>;
}

/**
 * Repeats `step`, one at a time. A step returns the milliseconds until it wants to run again unless woken before;
 * a wake during a step is remembered. After a step that threw, the pause is `pauseAfterErrorMs` whoever
 * wakes it, so that a broken database is not asked in a tight circle.
 * `signal` aborts when the loop is stopped.
 */
export function startLoop(
  name: string,
  step: (signal: AbortSignal) => Promise<number>,
  log: Log,
  pauseAfterErrorMs = 1000,
): Loop {
  const stopping = new AbortController();
  let woken = false;
  let endPause: () => void = () => undefined;
  let isRecovering = false;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if ((woken && !isRecovering) || ms <= 0) {
        setImmediate(resolve);
        return;
      }
      const timer = setTimeout(resolve, ms);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false;
      let pauseMs: number;
      try {
        pauseMs = await step(stopping.signal);
        isRecovering = false;
      } catch (error) {
        pauseMs = pauseAfterErrorMs;
        isRecovering = true;
        if (!stopping.signal.aborted) {
          log.error({ loop: name, error: messageOf(error) }, "work failed, will go on");
        }
      }
      if (!stopping.signal.aborted) {
        await pause(pauseMs);
      }
    }
  };

  const running = run();
  return {
    wake: () => {
      woken = true;
      if (!isRecovering) {
        endPause();
      }
    },
    stop: async () => {
      stopping.abort();
      endPause();
      await running;
    },
  };
}
