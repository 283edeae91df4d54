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

function valuesOf(field: string, [least, most]: readonly [number, number]): ReadonlySet<number> | undefined {
  const found = new Set<number>();
  for (const part of field.split(",")) {
    const [, from, to, step] = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part) ?? [];
    const isKnown = /^(?:\*|\d+(?:-\d+)?)(?:\/[1-9]\d*)?$/.test(part);
    const first = Number(from ?? least);
    const last = Number(to ?? (from === undefined || step !== undefined ? most : from));
    if (!isKnown || first < least || last > most || first > last) {
      return undefined;
    }
    for (let value = first; value <= last; value += Number(step ?? 1)) {
      found.add(value);
    }
  }
  return found;
}
