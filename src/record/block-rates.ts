import { hash } from "node:crypto";
import { type RawBuilder, sql } from "kysely";
import { blockModeOf, type Decision } from "../domain/decision.ts";
import { familyOf, type IpAddress, prefixOf } from "../domain/ip-address.ts";
import { coveringPrefixes } from "./covering-prefixes.ts";
import { type Queries, storable } from "./engine.ts";
import type { Schema } from "./schema.ts";

type Scope = Schema["block_rates"]["scope"];

/** New blocks of the last minute and hour, not counting the one that is asked about. */
export interface BlockRates {
  readonly minute: number;
  readonly hour: number;
  readonly search: number;
  readonly network: number;
  /** 0 when nobody says whose the address is. */
  readonly as: number;
}

const minuteSeconds = 60;
const hourSeconds = 3600;
/** Longer than any window. */
const keptSeconds = 2 * hourSeconds;
/** Clocks of replicas differ a little. What is further ahead was counted by a clock that was wrong: it would fill every window until then. */
const aheadSeconds = 60;
/** A search may have any name; PostgreSQL's index takes no text of more than about 2,700 bytes. */
const longestKey = 200;

/** What limits count this block by. */
export function scopesOf({ inputs, ip, findings }: Decision): Readonly<Record<Scope, string | null>> {
  return {
    all: "",
    search: keyOf(inputs.searchName ?? ""),
    network: wideNetworkOf(ip),
    as: asnOf(findings)?.toString() ?? null,
  };
}

/** How many there were. A second counts as a whole, so that no minute and no hour, wherever it begins, has more than its limit. */
export async function readRates(db: Queries, decision: Decision): Promise<BlockRates> {
  const now = secondOf(decision);
  const scopes = scopesOf(decision);
  const sum = (scope: Scope, seconds: number): RawBuilder<number> =>
    sql<number>`(select cast(coalesce(sum(blocks), 0) as bigint) from block_rates
      where mode = ${blockModeOf(decision.mode)} and scope = ${scope}
        and key = ${scopes[scope]} and second >= ${now - seconds} and second <= ${now + aheadSeconds})`;
  return db
    .selectNoFrom([
      sum("all", minuteSeconds).as("minute"),
      sum("all", hourSeconds).as("hour"),
      sum("search", hourSeconds).as("search"),
      sum("network", hourSeconds).as("network"),
      sum("as", hourSeconds).as("as"),
    ])
    .executeTakeFirstOrThrow();
}

/** One more. */
export async function addRate(db: Queries, decision: Decision): Promise<void> {
  const mode = blockModeOf(decision.mode);
  const second = secondOf(decision);
  const rows = Object.entries(scopesOf(decision)).flatMap(([scope, key]) =>
    key === null || !isScope(scope) ? [] : [{ mode, scope, key, second, blocks: 1 }],
  );
  await db
    .insertInto("block_rates")
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(["mode", "scope", "key", "second"])
        .doUpdateSet((eb) => ({ blocks: eb("block_rates.blocks", "+", 1) })),
    )
    .execute();
}

/** What no window reaches any more, and what none should. */
export async function forgetRates(db: Queries, now: Date): Promise<void> {
  const second = Math.floor(now.getTime() / 1000);
  // Apart: joined by `or`, an engine may read all rows.
  await db
    .deleteFrom("block_rates")
    .where("second", "<", second - keptSeconds)
    .execute();
  await db
    .deleteFrom("block_rates")
    .where("second", ">", second + aheadSeconds)
    .execute();
}

/** Counting begins anew. */
export async function clearRates(db: Queries): Promise<void> {
  await db.deleteFrom("block_rates").execute();
}

function keyOf(name: string): string {
  return name.length <= longestKey ? storable(name) : `sha256:${hash("sha256", name)}`;
}

function secondOf({ decidedAt }: Decision): number {
  return Math.floor(decidedAt.getTime() / 1000);
}

/** The IPv4 /16 or IPv6 /32: about what one provider has in one place. */
function wideNetworkOf(ip: IpAddress): string {
  const end = familyOf(ip) === 4 ? "/16" : "/32";
  return coveringPrefixes(prefixOf(ip)).find((prefix) => prefix.endsWith(end)) ?? ip;
}

function asnOf(findings: Decision["findings"]): number | null {
  for (const finding of findings) {
    if (finding.status === "known" && finding.evidence.asn !== null) {
      return finding.evidence.asn;
    }
  }
  return null;
}

function isScope(name: string): name is Scope {
  return name === "all" || name === "search" || name === "network" || name === "as";
}
