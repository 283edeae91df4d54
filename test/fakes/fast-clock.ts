/** A clock that runs faster than the real one. */
export interface FastClock {
  readonly now: () => Date;
  /** Timers take their real time again. */
  readonly stop: () => void;
}

/** Shorter delays gather work or let somebody else run: they are no time of the world. */
const shortestHurriedMs = 100;

/**
 * Lets time run so many times faster, for whoever asks `now` and for the timers of this process. Not for `performance.now`, nor for the
 * limits of calls (`AbortSignal.timeout`).
 * @param begin what time it is at the real moment `origin` (milliseconds since 1970): two processes with the same values agree
 */
export function startFastClock({
  speed,
  begin,
  origin,
}: {
  readonly speed: number;
  readonly begin: Date;
  readonly origin: number;
}): FastClock {
  const stop = hurryTimers(speed);
  return {
    now: () => new Date(begin.getTime() + (performance.timeOrigin + performance.now() - origin) * speed),
    stop,
  };
}

/** From now on timers of 100 ms and more end so many times sooner. @returns ends it */
export function hurryTimers(speed: number): () => void {
  const real = globalThis.setTimeout;
  const hurried = new Proxy(real, {
    apply(target, self, [work, ms, ...rest]: [() => void, number | undefined, ...unknown[]]) {
      const delayMs = ms === undefined || ms < shortestHurriedMs ? ms : ms / speed;
      return Reflect.apply(target, self, [work, delayMs, ...rest]) as unknown;
    },
  });
  globalThis.setTimeout = hurried;
  return () => {
    globalThis.setTimeout = real;
  };
}
