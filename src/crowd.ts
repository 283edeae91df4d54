/** So many deliveries waiting for their commit at once are more than a burst, whoever sends them. */
const mostWaiting = 100;
/** So many at once mean that the receiver can't keep up when they come that fast: a sender's burst now and then does not. */
const manyWaiting = 8;
const manyPerWindow = 250;
/** How long deliveries are counted, and how long the receiver counts as crowded after such a moment. */
const windowMs = 250;

export interface Crowd {
  readonly isCrowded: () => boolean;
  /** Counts the work as a delivery that waits for its commit. */
  readonly during: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Notices when deliveries come faster than they can be committed: then accepting goes before processing. @param nowMs of a steady clock */
export function createCrowd(nowMs: () => number): Crowd {
  let waiting = 0;
  let lastCrowdMs = Number.NEGATIVE_INFINITY;
  let windowStartMs = Number.NEGATIVE_INFINITY;
  let begun = 0;

  const note = (): void => {
    const now = nowMs();
    if (now - windowStartMs >= windowMs) {
      windowStartMs = now;
      begun = 0;
    }
    begun += 1;
    if (waiting >= mostWaiting || (waiting >= manyWaiting && begun >= manyPerWindow)) {
      lastCrowdMs = now;
    }
  };

  return {
    isCrowded: () => nowMs() - lastCrowdMs < windowMs,
    async during(work) {
      waiting += 1;
      note();
      try {
        return await work();
      } finally {
        waiting -= 1;
      }
    },
  };
}
