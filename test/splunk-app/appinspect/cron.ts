const bounds: readonly (readonly [from: number, to: number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
];

/** How often a cron line runs in an hour in which it runs; undefined when Splunk could not read it (five fields, no names). */
export function runsPerHour(cron: string): number | undefined {
  const fields = cron.trim().split(/\s+/);
  const values = fields.map((field, index) => valuesOf(field, bounds[index] ?? [0, 0]));
  return fields.length === 5 && values.every((found) => found !== undefined) ? values[0]?.size : undefined;
}

function valuesOf(field: string, bounds: readonly [number, number]): ReadonlySet<number> | undefined {
  const parts = field.split(",").map((part) => valuesOfPart(part, bounds));
  return parts.every((part) => part !== undefined) ? new Set(parts.flat()) : undefined;
}

/** `*`, `5`, `5-9`, each also with `/2`. */
function valuesOfPart(part: string, [least, most]: readonly [number, number]): readonly number[] | undefined {
  const found = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/([1-9]\d*))?$/.exec(part);
  if (found === null) {
    return undefined;
  }
  const [, from = String(least), to, step] = found;
  const isOne = /^\d+$/.test(part);
  const last = Number(to ?? (isOne ? from : most));
  const values = every(Number(from), last, Number(step ?? 1));
  return values.length > 0 && Number(from) >= least && last <= most ? values : undefined;
}

function every(first: number, last: number, step: number): readonly number[] {
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  return Array.from({ length }, (_, index) => first + index * step);
}
