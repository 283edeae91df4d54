const units = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
] as const;

/** Seconds as the file writes them: `30d`, `90m`, `permanent`. */
export function durationText(seconds: number): string {
  if (seconds === Number.POSITIVE_INFINITY) {
    return "permanent";
  }
  const [unit, size] = units.find(([, length]) => seconds > 0 && seconds % length === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}
