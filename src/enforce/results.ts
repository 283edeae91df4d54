import type { IpPrefix } from "../domain/ip-address.ts";
import type { ChangeResult, EnforcementResult, FirewallState } from "../ports.ts";
import type { CautiousOutcome } from "./apply-cautiously.ts";
import type { Memory } from "./reconcile-fully.ts";
import { doneOf, enforcementOf } from "./reconcile.ts";
import type { Wanted } from "./wanted.ts";

export interface FullApplied extends CautiousOutcome {
  /** All was built anew: there is nothing on the firewall but what the results name. */
  readonly isWhole: boolean;
}

export interface Round {
  readonly wanted: Wanted;
  readonly state: FirewallState;
  readonly applied: FullApplied;
  readonly memory: Pick<Memory, "unsettled">;
}

/** Of what was requested, of what had not been in force, and of what is not now. The rest is on record as verified. */
export function resultsOf({ wanted, state, applied, memory }: Round): readonly EnforcementResult[] {
  const { allowed, requested } = wanted;
  const byPrefix = new Map(applied.results.map((result) => [result.change.prefix, result]));
  const open = new Set([...requested.map(({ blockId }) => blockId), ...memory.unsettled.keys()]);
  const results: EnforcementResult[] = [];
  for (const { id, prefix } of allowed) {
    const result = byPrefix.get(prefix);
    if (result !== undefined && (result.outcome !== "verified" || open.has(id))) {
      results.push(enforcementOf(id, result));
    } else if (result === undefined && open.has(id)) {
      const found = withoutResult(id, state.entries.has(prefix), applied);
      results.push(...found);
    }
  }
  const lifted = requested.filter(
    ({ kind, prefix }) => kind === "remove" && isGone(prefix, { byPrefix, state, applied }),
  );
  return [...results, ...lifted.map(doneOf)];
}

function withoutResult(
  blockId: string,
  isThere: boolean,
  { withdrawn, isWhole }: FullApplied,
): readonly EnforcementResult[] {
  if (isThere && !isWhole) {
    return [{ blockId, state: "verified", error: null }];
  }
  return withdrawn === null ? [] : [{ blockId, state: "withdrawn", error: withdrawn }];
}

interface After {
  readonly byPrefix: ReadonlyMap<IpPrefix, ChangeResult>;
  readonly state: FirewallState;
  readonly applied: FullApplied;
}

function isGone(prefix: IpPrefix, { byPrefix, state, applied }: After): boolean {
  const result = byPrefix.get(prefix);
  if (result === undefined) {
    return applied.isWhole || !state.entries.has(prefix);
  }
  return result.outcome === "verified" && result.change.kind === "remove";
}

/** What is not on record yet. */
export function newsOf(
  results: readonly EnforcementResult[],
  { allowed, refused }: Wanted,
  { unsettled }: Pick<Memory, "unsettled">,
): readonly EnforcementResult[] {
  const standing = new Set([...allowed.map(({ id }) => id), ...refused.map(({ blockId }) => blockId)]);
  for (const blockId of unsettled.keys()) {
    if (!standing.has(blockId)) {
      unsettled.delete(blockId);
    }
  }
  return results.filter(({ blockId, state, error }) => {
    const said = `${state}: ${error}`;
    if (state === "verified" || state === "lifted") {
      unsettled.delete(blockId);
      return true;
    }
    const isNews = unsettled.get(blockId) !== said;
    unsettled.set(blockId, said);
    return isNews;
  });
}
