/** How long a row that somebody works on belongs to him. */
export const leaseMs = 30_000;
/** How often waiting rows are looked for when nobody says that there are some. */
export const pollMs = 1000;

const longestRetryMs = 15 * 60_000;

/** 5 s, 10 s, … 15 min. */
export function retryMs(attempts: number): number {
  return Math.min(longestRetryMs, 5000 * 2 ** Math.min(attempts, 20));
}

/** While deliveries queue up, one batch per quarter of a second. */
const crowdedMs = 250;

/** Asked before each batch: the milliseconds that it has to wait; 0 when it may go. */
export function createCrowdLimit({ isCrowded }: { readonly isCrowded: () => boolean }): () => number {
  let lastBatchMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (isCrowded() && nowMs - lastBatchMs < crowdedMs) {
      return lastBatchMs + crowdedMs - nowMs;
    }
    lastBatchMs = nowMs;
    return 0;
  };
}
