import type { Row } from "../domain/alert.ts";

/**
 * Splunk's own fields whose text differs between a webhook and the API, or that may be left out: `_time` comes in three shapes.
 * Other fields are compared, whatever their name: an address could be read from them.
 */
const internal = new Set(
  "_time _indextime _bkt _cd _kv _serial _si _sourcetype _subsecond _confstr _eventtype_color".split(" "),
);

/** Finds rows that were delivered among those that Splunk tells. */
export interface RowFinder {
  /** @returns true when it stands for a delivered row that no earlier one stood for */
  take(row: Row): boolean;
  /** True when a row like this one was among those that were taken, or would have been. */
  hasSeen(delivered: Row): boolean;
}

/**
 * Kinds of rows that are told apart by their fields. A search has few; rows of more kinds are not found, which costs a question and never a row:
 * somebody who made up fifty thousand would have each row of Splunk compared with each.
 */
const mostKinds = 500;

/**
 * A delivered row is found when every field that it has says the same there; Splunk may tell more fields. It stands for that row, so that it
 * is not fetched, only when Splunk tells no more than it: a forged row with a part of the fields would else keep a row away.
 * An empty field is the same as none, a list the same as its values on lines.
 */
export function createRowFinder(delivered: readonly Row[]): RowFinder {
  // Rows of one search mostly have the same fields, so that each row of Splunk is looked up once or twice, however many were delivered.
  const byFields = new Map<string, Alike>();
  const seen = new Set<string>();
  for (const row of delivered) {
    const said = comparable(row);
    const key = fieldsKey(said);
    const group: Alike = byFields.get(key) ?? {
      fields: new Set(said.map(([field]) => field)),
      left: new Map(),
    };
    if (!byFields.has(key) && byFields.size >= mostKinds) {
      continue;
    }
    byFields.set(key, group);
    const text = JSON.stringify(said);
    group.left.set(text, (group.left.get(text) ?? 0) + 1);
  }
  return {
    take(row) {
      const said = comparable(row);
      const told = new Set(said.map(([field]) => field));
      let isTaken = false;
      for (const { fields, left } of byFields.values()) {
        if (!fields.isSubsetOf(told)) {
          continue;
        }
        const text = JSON.stringify(said.filter(([field]) => fields.has(field)));
        const count = left.get(text);
        if (count !== undefined) {
          seen.add(text);
          if (count > 0 && !isTaken && said.every(([field]) => fields.has(field) || isOfSplunk(field))) {
            left.set(text, count - 1);
            isTaken = true;
          }
        }
      }
      return isTaken;
    },
    hasSeen: (row) => seen.has(JSON.stringify(comparable(row))),
  };
}

/** Splunk may tell more of its own than it sends. */
function isOfSplunk(field: string): boolean {
  return field.startsWith("_") && field !== "_raw";
}

/** Delivered rows with the same fields. */
interface Alike {
  readonly fields: ReadonlySet<string>;
  /** Rows as text, each with how often no row of Splunk has stood for it yet. */
  readonly left: Map<string, number>;
}

/** A row that says nothing is like no other. */
function comparable(row: Row): readonly (readonly [field: string, text: string])[] {
  const said = row
    .filter(([field]) => !internal.has(field))
    .map(([field, values]) => [field, values.join("\n")] as const)
    .filter(([, text]) => text !== "");
  return said.length === 0 ? [["", "nothing"]] : said.sort(([a], [b]) => (a < b ? -1 : 1));
}

function fieldsKey(said: readonly (readonly [field: string, text: string])[]): string {
  return JSON.stringify(said.map(([field]) => field));
}
