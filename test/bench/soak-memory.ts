/** Resident memory at a moment of the soak. */
export interface Reading {
  readonly seconds: number;
  readonly megabytes: number;
  /** Of it what the program holds: heap in use, and buffers. The rest is what the engine keeps for later. */
  readonly heldMegabytes: number;
  /** Alerts and addresses not yet worked on. */
  readonly waiting: number;
}

/** What still counts as flat: caches may fill and the heap breathes. */
const mostGrowth = 0.1;
const mostPerMinute = 0.02;

/**
 * Flat is: the median of the last third is at most 10 % above that of the second third, and the slope over the second half is at most 2 % of the
 * memory a minute. The beginning does not count: code is compiled, caches and pools fill.
 */
export function judgeMemory(readings: readonly Reading[]): {
  readonly isFlat: boolean;
  readonly text: string;
} {
  const third = Math.floor(readings.length / 3);
  const second = median(readings.slice(third, 2 * third));
  const last = median(readings.slice(2 * third));
  const half = readings.slice(Math.floor(readings.length / 2));
  const perMinute = slope(half) * 60;
  const isFlat =
    readings.length >= 6 && last <= second * (1 + mostGrowth) && perMinute <= mostPerMinute * last;
  const highest = Math.max(...readings.map(({ megabytes }) => megabytes));
  return {
    isFlat,
    text: `Memory is ${isFlat ? "flat" : "NOT flat"}: second third ${second.toFixed(0)} MB, last third ${last.toFixed(0)} MB, ${perMinute.toFixed(2)} MB a minute over the second half, at most ${highest.toFixed(0)} MB; really held after a collection: ${floorOf(readings.slice(third, 2 * third))} MB, then ${floorOf(readings.slice(2 * third))} MB`,
  };
}

/** The least that was held: what a collection can't free. A leak shows here first. */
function floorOf(readings: readonly Reading[]): string {
  return Math.min(...readings.map(({ heldMegabytes }) => heldMegabytes)).toFixed(0);
}

function median(readings: readonly Reading[]): number {
  const sorted = readings.map(({ megabytes }) => megabytes).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Megabytes a second, by least squares. */
function slope(readings: readonly Reading[]): number {
  const mean = (of: (reading: Reading) => number): number =>
    readings.reduce((sum, reading) => sum + of(reading), 0) / readings.length;
  const time = mean(({ seconds }) => seconds);
  const memory = mean(({ megabytes }) => megabytes);
  const together = mean(({ seconds, megabytes }) => (seconds - time) * (megabytes - memory));
  return together / mean(({ seconds }) => (seconds - time) ** 2);
}

const height = 10;
const width = 60;

/** Memory over time, as rows of text. */
export function plotMemory(readings: readonly Reading[]): string {
  const highest = Math.max(...readings.map(({ megabytes }) => megabytes));
  const columns = Array.from({ length: Math.min(width, readings.length) }, (_, n) => {
    const at = Math.floor((n * readings.length) / Math.min(width, readings.length));
    return Math.round(((readings[at]?.megabytes ?? 0) / highest) * height);
  });
  return Array.from({ length: height }, (_, n) => height - n)
    .map((level) => {
      const label = `${((highest * level) / height).toFixed(0)} MB`.padStart(8);
      return `${label} |${columns.map((top) => (top >= level ? "#" : " ")).join("")}`;
    })
    .join("\n");
}
