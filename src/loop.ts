import { messageOf } from "./domain/errors.ts";
import type { Log } from "./ports.ts";

/** Work that goes on until it is stopped. */
export interface Loop {
  /** There may be something to do now. */
  readonly wake: () => void;
  /** Starts no further step and waits for the running one. Harmless when called twice. */
  readonly stop: () => Promise<void>;
}

/** After a step that threw, so that a broken database is not asked in a tight circle. */
const pauseAfterErrorMs = 1000;

/**
 * Repeats `step`, one at a time. A step returns the milliseconds until it wants to run again unless woken before;
 * a wake during a step is remembered. `signal` aborts when the loop is stopped.
 */
export function startLoop(name: string, step: (signal: AbortSignal) => Promise<number>, log: Log): Loop {
  const stopping = new AbortController();
  let woken = false;
  let endPause: () => void = () => undefined;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (woken || ms <= 0) {
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
      } catch (error) {
        pauseMs = pauseAfterErrorMs;
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
  const wake = (): void => {
    woken = true;
    endPause();
  };
  return {
    wake,
    async stop() {
      stopping.abort();
      wake();
      await running;
    },
  };
}
