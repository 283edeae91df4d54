import type { Row } from "./alert.ts";

/** As many as a person reads. */
const mostNames = 50;
const longestName = 100;

/** Names of the fields that the rows have, each once, in their order; at most 50, each of at most 100 characters. Text from outside. */
export function fieldNames(rows: readonly Row[]): readonly string[] {
  const names = new Set<string>();
  for (const row of rows) {
    for (const [field] of row) {
      names.add(field.slice(0, longestName));
      if (names.size === mostNames) {
        return [...names];
      }
    }
  }
  return [...names];
}
