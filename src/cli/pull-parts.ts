import type { Row } from "../domain/alert.ts";

/** The receiver takes at most 50,000 rows and 5 MiB; smaller ones are processed while the next are still being searched. */
const mostRows = 5000;
const mostBytes = 4 * 1024 * 1024;

/** Rows that are sent together. */
export interface PullPart {
  /** Each as JSON. */
  readonly rows: readonly string[];
}

/** The rows in parts that the receiver takes, the same for the same rows however they came. */
export async function* partsOf(batches: AsyncIterable<readonly Row[]>): AsyncGenerator<PullPart> {
  let rows: string[] = [];
  let bytes = 0;
  for await (const batch of batches) {
    for (const row of batch) {
      const text = rowJson(row);
      const size = Buffer.byteLength(text) + 1;
      if (rows.length > 0 && (rows.length === mostRows || bytes + size > mostBytes)) {
        yield { rows };
        rows = [];
        bytes = 0;
      }
      rows.push(text);
      bytes += size;
    }
  }
  if (rows.length > 0) {
    yield { rows };
  }
}

/** As Splunk itself writes a row: one value as text, several as a list. */
function rowJson(row: Row): string {
  return JSON.stringify(
    Object.fromEntries(row.map(([field, values]) => [field, values.length === 1 ? values[0] : values])),
  );
}
