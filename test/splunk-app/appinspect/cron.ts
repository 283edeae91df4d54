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
  const found = /^(?:\*|(?<from>\d+)(?:-(?<to>\d+))?)(?:\/(?<step>[1-9]\d*))?$/.exec(part)?.groups;
  if (found === undefined) {
    return undefined;
  }
  const first = Number(found["from"] ?? least);
  const isOne = found["from"] !== undefined && found["step"] === undefined;
  const last = Number(found["to"] ?? (isOne ? first : most));
  const step = Number(found["step"] ?? 1);
  return first < least || last > most || first > last
    ? undefined
    : Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}
