import { type RawBuilder, sql } from "kysely";
import type { Claim } from "../ports.ts";
import type { Engine } from "./engine.ts";

/** What marks a row as claimed. */
export function leaseOf(claim: Claim): { readonly lease_holder: string; readonly lease_until: number } {
  return { lease_holder: claim.holder, lease_until: claim.now.getTime() + claim.leaseMs };
}

/** What marks a row as free for anybody. */
export const noLease = { lease_holder: null, lease_until: null } as const;

/** What marks a row as done: it waits no more. */
export const done = { due_at: null, ...noLease } as const;

export interface ClaimNarrowing {
  /** Further conditions, beginning with `and`. */
  readonly only?: RawBuilder<unknown>;
  /** The column whose texts together are to stay within `maxBytes`, but for the first row, which is always taken. */
  readonly weigh?: { readonly column: string; readonly maxBytes: number };
}

/**
 * Begins a query that knows, as `picked`, the ids of rows that are due and free, oldest first. Nobody else gets the same ones
 * at the same time. Materialized, so that PostgreSQL picks once and not again for each row.
 */
export function claiming(
  engine: Engine,
  table: "alerts" | "sightings" | "notifications" | "recoveries",
  claim: Claim,
  { only = sql``, weigh }: ClaimNarrowing = {},
) {
  const now = claim.now.getTime();
  const skipLocked = engine.kind === "postgres" ? sql`for update skip locked` : sql``;
  // Neither engine reads a text to tell its bytes; to tell its characters, both would.
  const id = sql`${sql.ref(table === "recoveries" ? "sid" : "id")} as id`;
  const columns =
    weigh === undefined
      ? id
      : sql`${id}, due_at, coalesce(octet_length(${sql.ref(weigh.column)}), 0) as bytes`;
  const due = sql<{ id: string }>`(
    select ${columns} from ${sql.table(table)}
    where due_at <= ${now} and (lease_until is null or lease_until <= ${now}) ${only}
    order by due_at limit ${claim.limit} ${skipLocked})`;
  const picked = weigh === undefined ? due : lightest(due, weigh.maxBytes);
  return engine.writer.with(
    (cte) => cte("picked").materialized(),
    () => picked,
  );
}

/** The first of these rows, as many as weigh no more than this together. Apart, because rows can't be locked and summed at once. */
function lightest(due: RawBuilder<unknown>, maxBytes: number): RawBuilder<{ id: string }> {
  return sql`(
    select id from (
      select id, bytes, sum(bytes) over (order by due_at, id) as total from ${due} as due) as summed
    where total <= ${maxBytes} or total = bytes)`;
}

/** For what a claim brings: an engine may return it in any order. */
export function oldestFirst(
  a: { readonly due_at: number | null },
  b: { readonly due_at: number | null },
): number {
  return (a.due_at ?? 0) - (b.due_at ?? 0);
}
