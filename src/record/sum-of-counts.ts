import { type RawBuilder, sql } from "kysely";
import type { Engine } from "./engine.ts";

/**
 * The sum of the `count` of sightings, a whole number that JavaScript can hold, whatever was counted: an engine fails for the whole query when
 * a sum is more than it, or the program, can hold.
 */
export function sumOfCounts({ kind }: Pick<Engine, "kind">): RawBuilder<number> {
  const most = Number.MAX_SAFE_INTEGER;
  return kind === "sqlite"
    ? sql`cast(min(coalesce(sum(cast(count as real)), 0), ${most}) as integer)`
    : sql`cast(least(coalesce(sum(count), 0), ${most}) as bigint)`;
}
