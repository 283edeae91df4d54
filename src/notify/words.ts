/** `2026-11-20 13:00:00 UTC` */
export function utc(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `90 seconds`, `30 minutes`, `24 hours`, `7 days`: the largest unit that loses nothing; a day is 24 hours. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size && seconds % size === 0) ?? ["second", 1];
  return plural(seconds / size, unit);
}

/** `142 ms`, `3.2 s`, `2 minutes`. */
export function elapsed(ms: number): string {
  if (ms < 1000) {
    return `${Math.max(0, Math.round(ms))} ms`;
  }
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : plural(Math.round(ms / 60_000), "minute");
}

/** `1 address`, `1,200 addresses`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : many}`;
}

const units: readonly (readonly [unit: string, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
