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

/**
 * Begins a query that knows, as `picked`, the ids of rows that are due and free, oldest first. Nobody else gets the same ones
 * at the same time. Materialized, so that PostgreSQL picks once and not again for each row.
 */
export function claiming(
  engine: Engine,
  table: "alerts" | "sightings" | "notifications",
  claim: Claim,
  only: RawBuilder<unknown> = sql``,
) {
  const now = claim.now.getTime();
  const skipLocked = engine.kind === "postgres" ? sql`for update skip locked` : sql``;
  const picked = sql<{ id: string }>`(
    select id from ${sql.table(table)}
    where due_at <= ${now} and (lease_until is null or lease_until <= ${now}) ${only}
    order by due_at limit ${claim.limit} ${skipLocked})`;
  return engine.writer.with(
    (cte) => cte("picked").materialized(),
    () => picked,
  );
}

/** For what a claim brings: an engine may return it in any order. */
export function oldestFirst(
  a: { readonly due_at: number | null },
  b: { readonly due_at: number | null },
): number {
  return (a.due_at ?? 0) - (b.due_at ?? 0);
}
