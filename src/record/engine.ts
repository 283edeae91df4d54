import { type Kysely, type RawBuilder, type Transaction, sql } from "kysely";
import type { Log } from "../ports.ts";
import type { Schema } from "./schema.ts";

/** One open database. */
export interface Engine {
  readonly kind: "sqlite" | "postgres";
  /** What messages call it; holds no password. */
  readonly label: string;
  readonly writer: Kysely<Schema>;
  /** For pure reads: never waits for the writer. */
  readonly reader: Kysely<Schema>;
  /** Whom to tell that somebody has changed the record behind our back. Default is nobody. */
  readonly tampering?: TamperingDesk;
  /** Channels that are told of every event. Default is none. */
  readonly eventChannels?: readonly string[];
  /** Inserts all in one transaction. Per row: true when it is new. */
  insertAlerts(rows: readonly AlertValues[]): Promise<readonly boolean[]>;
  close(): Promise<void>;
}

export interface TamperingDesk {
  /** Where the alarm goes. */
  readonly channels: readonly string[];
  readonly log: Pick<Log, "error">;
}

export type Queries = Kysely<Schema> | Transaction<Schema>;

/** The columns that `insertAlerts` fills, in this order; `due_at` becomes the same as `received_at`. */
export const alertColumns = [
  "id",
  "source",
  "sid",
  "search_name",
  "app",
  "owner",
  "results_link",
  "rows",
  "row_count",
  "extras",
  "received_at",
  "settings",
] as const;

export type AlertValues = readonly [
  id: string,
  source: string,
  sid: string | null,
  searchName: string | null,
  app: string | null,
  owner: string | null,
  resultsLink: string | null,
  rows: string,
  rowCount: number,
  extras: string | null,
  receivedAt: number,
  settings: string | null,
];

/**
 * True for rows in which this column is one of the texts, however many, in one parameter.
 * Without a subquery on PostgreSQL, or it reads the whole table as long as it has no statistics.
 */
export function isOneOf(engine: Engine, column: string, texts: readonly string[]): RawBuilder<boolean> {
  return engine.kind === "sqlite"
    ? sql`${sql.ref(column)} in (select value from json_each(${JSON.stringify(texts)}))`
    : sql`${sql.ref(column)} = any(${texts}::text[])`;
}

/** Text that both engines can keep: PostgreSQL has no NUL in its texts. JSON needs no such care, it escapes them. */
export function storable<Text extends string | null>(text: Text): Text | string {
  return text !== null && text.includes("\0") ? text.replaceAll("\0", "\u{FFFD}") : text;
}

/**
 * Does `work` for each `size` of `items`, and lets others use the database and the event loop in between.
 * SQLite answers synchronously: 100,000 rows at once would stop every delivery for a second.
 */
export async function inChunks<Item>(
  items: readonly Item[],
  size: number,
  work: (chunk: readonly Item[]) => Promise<unknown> | void,
): Promise<void> {
  for (let start = 0; start < items.length; start += size) {
    if (start > 0) {
      await nextTurn();
    }
    await work(items.slice(start, start + size));
  }
}

/** Lets what has arrived meanwhile be worked on. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
