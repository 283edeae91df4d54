interface Step {
  readonly at: number;
  count: number;
}

/** What one address did lately. Only `SlidingCounter` changes it. */
export interface SlidingCount {
  readonly steps: Step[];
  total: number;
}

/** Counts events in sliding windows that all follow the same rules. */
export interface SlidingCounter {
  open(): SlidingCount;
  /** False for a time that lies before the window that ends with the newest. */
  accepts(window: SlidingCount, atMs: number): boolean;
  /** @returns how many the window holds that ends with the newest; counts no further than needed to know that it is full */
  add(window: SlidingCount, atMs: number, count: number): number;
  /** The time of the oldest that is still counted, in milliseconds since 1970. */
  oldestMs(window: SlidingCount): number;
}

export interface SlidingRules {
  readonly windowSeconds: number;
  /** So many in one window are too many. */
  readonly threshold: number;
}

/** Above this a threshold is counted in coarser steps, so that the memory of an address is bounded. */
const mostSteps = 100;

/**
 * Counts in steps of a second; of a hundredth of the window when the threshold is over 100. A window keeps no more steps than it takes
 * to reach the threshold. A time that goes a little backwards is put where it belongs.
 */
export function createSlidingCounter({ windowSeconds, threshold }: SlidingRules): SlidingCounter {
  const stepSeconds = threshold > mostSteps ? Math.max(1, Math.ceil(windowSeconds / mostSteps)) : 1;
  const stepsInWindow = Math.max(1, Math.floor(windowSeconds / stepSeconds));
  const stepOf = (atMs: number): number => Math.floor(atMs / 1000 / stepSeconds);
  const startOf = ({ steps }: SlidingCount): number =>
    (steps.at(-1)?.at ?? Number.NEGATIVE_INFINITY) - stepsInWindow;

  return {
    open: () => ({ steps: [], total: 0 }),
    accepts: (window, atMs) => stepOf(atMs) > startOf(window),
    add(window, atMs, count) {
      insert(window.steps, stepOf(atMs), count);
      window.total += count;
      const start = startOf(window);
      let past = 0;
      for (const { at, count } of window.steps) {
        if (at > start && window.total - count < threshold) {
          break;
        }
        window.total -= count;
        past += 1;
      }
      if (past > 0) {
        window.steps.splice(0, past);
      }
      return window.total;
    },
    oldestMs: ({ steps }) => (steps[0]?.at ?? 0) * stepSeconds * 1000,
  };
}

function insert(steps: Step[], at: number, count: number): void {
  let place = steps.length;
  while (place > 0 && (steps[place - 1]?.at ?? at) > at) {
    place -= 1;
  }
  const before = steps[place - 1];
  if (before?.at === at) {
    before.count += count;
  } else if (place === steps.length) {
    steps.push({ at, count });
  } else {
    steps.splice(place, 0, { at, count });
  }
}
