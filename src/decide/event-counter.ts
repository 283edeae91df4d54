/** Counts events of one address in some windows, with little memory: to about a fiftieth of each window. */
export interface EventCounter {
  add(at: Date, count: number): void;
  /** Events in the last `seconds` before `now`, one of the windows; 0 for another. */
  within(seconds: number, now: Date): number;
}

interface Bucket {
  readonly startMs: number;
  readonly count: number;
}

const bucketsPerWindow = 50;

/** @param windows in seconds */
export function createEventCounter(windows: readonly number[]): EventCounter {
  const bucketsOf = new Map<number, readonly Bucket[]>(windows.map((seconds) => [seconds, []]));
  return {
    add(at, count) {
      for (const [seconds, buckets] of bucketsOf) {
        bucketsOf.set(seconds, withEvents(buckets, seconds * 1000, { startMs: at.getTime(), count }));
      }
    },
    within(seconds, now) {
      const sinceMs = now.getTime() - seconds * 1000;
      return (bucketsOf.get(seconds) ?? [])
        .filter(({ startMs }) => startMs > sinceMs && startMs <= now.getTime())
        .reduce((sum, { count }) => sum + count, 0);
    },
  };
}

function withEvents(buckets: readonly Bucket[], windowMs: number, events: Bucket): readonly Bucket[] {
  const widthMs = windowMs / bucketsPerWindow;
  // A little late is possible: what waited for a provider is decided after what came later.
  const near = buckets.find(({ startMs }) => Math.abs(events.startMs - startMs) < widthMs);
  if (near !== undefined) {
    return buckets.map((one) => (one === near ? { ...one, count: one.count + events.count } : one));
  }
  const newestMs = buckets.reduce((newest, { startMs }) => Math.max(newest, startMs), events.startMs);
  return [...buckets, events].filter(({ startMs }) => startMs > newestMs - windowMs);
}
