/** Counts over time, in equal steps that grow with the time that is covered. */
export interface Timeline {
  add(atMs: number, count: number): void;
  /** From the first to the last; empty when nothing was counted. */
  steps(): readonly number[];
  /** Length of a step. */
  readonly stepMs: number;
  /** Start of the first step, in milliseconds since 1970. */
  readonly startMs: number;
}

const mostSteps = 48;
const hourMs = 3_600_000;
const lengths = [
  ...[1, 5, 10, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 4, 6, 12, 24].map((hours) => hours * hourMs),
];

/** Holds at most 48 steps, whatever comes. */
export function createTimeline(): Timeline {
  let stepMs = 1000;
  let counts = new Map<number, number>();
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;

  const place = (at: number, count: number): void => {
    counts.set(at, (counts.get(at) ?? 0) + count);
    first = Math.min(first, at);
    last = Math.max(last, at);
  };
  const shrink = (): void => {
    if (last - first < mostSteps) {
      return;
    }
    const old = { counts, stepMs };
    stepMs = lengths.find((length) => length > stepMs) ?? stepMs * 2;
    counts = new Map();
    [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const [at, count] of old.counts) {
      place(Math.floor((at * old.stepMs) / stepMs), count);
    }
    shrink();
  };

  return {
    add(atMs, count) {
      place(Math.floor(atMs / stepMs), count);
      shrink();
    },
    steps: () =>
      counts.size === 0
        ? []
        : Array.from({ length: last - first + 1 }, (_, step) => counts.get(first + step) ?? 0),
    get stepMs() {
      return stepMs;
    },
    get startMs() {
      return first * stepMs;
    },
  };
}
