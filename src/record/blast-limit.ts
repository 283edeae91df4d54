import { blockModeOf, type Decision } from "../domain/decision.ts";
import type { BlastLimits } from "../domain/policy.ts";
import { type BlockRates, readRates, scopesOf } from "./block-rates.ts";
import type { Queries } from "./engine.ts";
import type { StandingCount } from "./standing-count.ts";

export interface LimitQuestion {
  readonly decision: Decision;
  readonly limits: BlastLimits;
  /** True when the block takes the place of one that stands. */
  readonly isReplacement: boolean;
}

/** @returns which limit one more block would go beyond, as a sentence, or null */
export async function limitOn(
  db: Queries,
  standing: StandingCount,
  { decision, limits, isReplacement }: LimitQuestion,
): Promise<string | null> {
  const reached = reachedRate(limits, await readRates(db, decision), decision);
  if (reached !== null) {
    return reached;
  }
  if (limits.active === null || isReplacement) {
    return null;
  }
  const mode = blockModeOf(decision.mode);
  const active = await standing.of(db, mode, { now: decision.decidedAt, most: limits.active });
  return active < limits.active ? null : `${limits.active} blocks stand at the same time`;
}

function reachedRate(limits: BlastLimits, rates: BlockRates, decision: Decision): string | null {
  const { searchName } = decision.inputs;
  const scopes = scopesOf(decision);
  const checks: readonly (readonly [limit: number | null, blocks: number, what: string])[] = [
    [limits.perMinute, rates.minute, "a minute"],
    [limits.perHour, rates.hour, "an hour"],
    [
      limits.perSearch,
      rates.search,
      `an hour by ${searchName === null ? "searches without a name" : `the search "${searchName}"`}`,
    ],
    [limits.perNetwork, rates.network, `an hour in ${scopes.network}`],
    [scopes.as === null ? null : limits.perAs, rates.as, `an hour in AS${scopes.as}`],
  ];
  const reached = checks.find(([limit, blocks]) => limit !== null && blocks >= limit);
  return reached === undefined ? null : `${reached[0]} new blocks ${reached[2]} are reached`;
}
