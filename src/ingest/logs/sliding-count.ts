interface Step {
  readonly at: number;
  count: number;
}

export interface SlidingRules {
  readonly windowSeconds: number;
  /** So many in one window are too many. */
  readonly threshold: number;
}

/** What one address did lately. */
export interface SlidingCount {
  /** False for a time that lies before the window that ends with the newest. */
  accepts(atMs: number): boolean;
  /** @returns how many the window holds that ends with the newest; counts no further than needed to know that it is full */
  add(atMs: number, count: number): number;
  /** The time of the oldest that is still counted, in milliseconds since 1970. */
  readonly oldestMs: number;
}

/** Above this a threshold is counted in coarser steps, so that the memory of an address is bounded. */
const mostSteps = 100;

/**
 * Counts events in a sliding window, in steps of a second; of a hundredth of the window when the threshold is over 100. It keeps no
 * more steps than it takes to reach the threshold. A time that goes a little backwards is put where it belongs.
 */
export function createSlidingCount({ windowSeconds, threshold }: SlidingRules): SlidingCount {
  const stepSeconds = threshold > mostSteps ? Math.max(1, Math.ceil(windowSeconds / mostSteps)) : 1;
  const stepsInWindow = Math.max(1, Math.floor(windowSeconds / stepSeconds));
  const steps: Step[] = [];
  let total = 0;
  const stepOf = (atMs: number): number => Math.floor(atMs / 1000 / stepSeconds);
  const newest = (): number => steps.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  const isNeeded = ({ at, count }: Step): boolean =>
    at > newest() - stepsInWindow && total - count < threshold;

  return {
    accepts: (atMs) => stepOf(atMs) > newest() - stepsInWindow,
    add(atMs, count) {
      insert(steps, stepOf(atMs), count);
      total += count;
      for (let oldest = steps[0]; oldest !== undefined && !isNeeded(oldest); oldest = steps[0]) {
        steps.shift();
        total -= oldest.count;
      }
      return total;
    },
    get oldestMs() {
      return (steps[0]?.at ?? 0) * stepSeconds * 1000;
    },
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
  } else {
    steps.splice(place, 0, { at, count });
  }
}
