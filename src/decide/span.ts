const units: readonly (readonly [unit: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
];

/** `10m`, `24h`, `7d`, `90s`: as the settings write it, in the largest unit that loses nothing; one day is 24 hours. */
export function spanText(seconds: number): string {
  return inUnits(seconds, "");
}

/** `10 m`, `24 h`, `7 d`: the same in a sentence. */
export function spanWords(seconds: number): string {
  return inUnits(seconds, " ");
}

/** `40 d`, `3 h`: about as long, in whole units and never more than it is. */
export function roughSpan(seconds: number): string {
  const size = units.find(([, size]) => seconds >= 2 * size)?.[1] ?? 1;
  return spanWords(Math.floor(Math.max(0, seconds) / size) * size);
}

function inUnits(seconds: number, gap: string): string {
  const exact = units.find(
    ([unit, size]) => seconds >= (unit === "d" ? 2 : 1) * size && seconds % size === 0,
  );
  const [unit, size] = exact ?? ["s", 1];
  return `${seconds / size}${gap}${unit}`;
}
