import { type RawBuilder, sql } from "kysely";

/** Where a page of a list ended: the moment and the id of its last row. */
export interface Place {
  readonly at: number;
  readonly id: string;
}

/** The name of the page after this place. */
function writeCursor({ at, id }: Place): string {
  return Buffer.from(`${at} ${id}`).toString("base64url");
}

/**
 * @returns null for the first page
 * @throws {RangeError} when it is none of ours
 */
export function readCursor(cursor: string | null): Place | null {
  if (cursor === null) {
    return null;
  }
  const [, at, id] = /^(\d{1,16}) ([\w-]{1,100})$/.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  if (at === undefined || id === undefined) {
    throw new RangeError("the cursor names no page: begin without one");
  }
  return { at: Number(at), id };
}

/**
 * True for the rows of the page of this name, in a list from the newest to the oldest.
 * @param at the column with the moment, `id` that with the id
 * @throws {RangeError} when it is none of ours
 */
export function isOlder(cursor: string | null, at: string, id = "id"): RawBuilder<boolean> {
  const from = readCursor(cursor);
  return from === null
    ? sql<boolean>`true`
    : sql<boolean>`(${sql.ref(at)}, ${sql.ref(id)}) < (${from.at}, ${from.id})`;
}

/**
 * Cuts what was read to a page.
 * @param rows one more than `limit`, when there are more
 * @returns the rows of the page, and the name of the next one; null on the last
 */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  placeOf: (row: Row) => Place,
): { readonly rows: readonly Row[]; readonly next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > limit && last !== undefined ? writeCursor(placeOf(last)) : null };
}
