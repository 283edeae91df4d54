import type { Log } from "../ports.ts";

export interface ClockCheckDeps {
  readonly now: () => Date;
  /** Milliseconds of a clock that never jumps. */
  readonly elapsedMs: () => number;
  readonly log: Pick<Log, "warn">;
}

/** A correction that a time server makes is smaller. */
const jumpMs = 60_000;

/** A clock that was set wrong is usually set right soon. */
const unsteadyMs = 300_000;

/**
 * Tells at each call whether the clock goes on as it did. After a jump ahead, nothing may be ended because of the time alone: the
 * kernels end blocks by their own timers anyway.
 */
export function createClockCheck({ now, elapsedMs, log }: ClockCheckDeps): () => boolean {
  let offsetMs = now().getTime() - elapsedMs();
  let steadyFromMs = Number.NEGATIVE_INFINITY;
  return () => {
    const current = now().getTime() - elapsedMs();
    const jumpedMs = current - offsetMs;
    offsetMs = current;
    // One that falls behind ends nothing too early.
    if (jumpedMs > jumpMs) {
      steadyFromMs = elapsedMs() + unsteadyMs;
      log.warn(
        { jumpedMs },
        "the clock of this machine has jumped ahead: for five minutes nothing is ended by time",
      );
    }
    return elapsedMs() >= steadyFromMs;
  };
}
