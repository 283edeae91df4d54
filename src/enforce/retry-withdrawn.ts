import type { Block } from "../domain/block.ts";
import type { EnforcementResult } from "../ports.ts";
import { additionsOf } from "./plan.ts";
import { enforcementOf, type RoundDeps } from "./reconcile.ts";

/** When what a canary has withdrawn is tried there again. Times are of a clock that never jumps. */
export interface RetryMemory {
  nextMs: number;
  /** Blocks that did harm when they were tried alone, and when they may be tried again. */
  readonly culprits: Map<string, number>;
}

/** After a trial that failed. */
export const retryMs = 300_000;

/** After a block alone has done harm. */
const culpritRetryMs = 3_600_000;

/** In one round: each may take half a minute when the canary is cut off. */
const mostTrials = 8;

/**
 * Tries on the canary again what it has withdrawn, in halves, until those that do harm are alone: one bad block must not keep
 * the others of its batch from being enforced. The canary has to be well before each trial.
 * @throws {AppError} what `Firewall` throws, STORE_UNAVAILABLE
 */
export async function retryWithdrawn(
  deps: RoundDeps,
  blocks: readonly Block[],
  memory: RetryMemory,
  signal: AbortSignal,
): Promise<readonly EnforcementResult[]> {
  const nowMs = deps.elapsedMs();
  const suspects = blocks.filter(({ id }) => (memory.culprits.get(id) ?? 0) <= nowMs);
  if (nowMs < memory.nextMs || suspects.length === 0) {
    return [];
  }
  const results: EnforcementResult[] = [];
  const groups: (readonly Block[])[] = [suspects];
  for (let trials = 0; trials < mostTrials && groups.length > 0; trials += 1) {
    const group = groups.shift() ?? [];
    const verdict = await tryGroup(deps, group, signal);
    if (verdict === undefined) {
      break;
    }
    if (typeof verdict === "string") {
      groups.push(...halvesOf(group));
      results.push(...convict(group, verdict, { memory, untilMs: nowMs + culpritRetryMs }));
    } else {
      results.push(...verdict);
    }
  }
  memory.nextMs = deps.elapsedMs() + retryMs;
  return results;
}

function halvesOf(group: readonly Block[]): readonly (readonly Block[])[] {
  const middle = Math.ceil(group.length / 2);
  return group.length > 1 ? [group.slice(0, middle), group.slice(middle)] : [];
}

/** Of a block that was alone it is known that it is the one. */
function convict(
  group: readonly Block[],
  error: string,
  { memory, untilMs }: { readonly memory: RetryMemory; readonly untilMs: number },
): readonly EnforcementResult[] {
  const [culprit] = group;
  if (culprit === undefined || group.length > 1) {
    return [];
  }
  memory.culprits.set(culprit.id, untilMs);
  return [{ blockId: culprit.id, state: "withdrawn", error }];
}

/** @returns what became of each, or why they were taken off again; undefined when the canary is not well */
async function tryGroup(
  deps: RoundDeps,
  group: readonly Block[],
  signal: AbortSignal,
): Promise<readonly EnforcementResult[] | string | undefined> {
  const outcome = await deps.apply(
    {
      changes: additionsOf(group, deps.now()),
      // They count as withdrawn already.
      beforeTrial: () => Promise.resolve(),
      whenUnwell: "leave",
    },
    signal,
  );
  if (outcome === undefined || outcome.withdrawn !== null) {
    return outcome?.withdrawn ?? undefined;
  }
  const byPrefix = new Map(outcome.results.map((result) => [result.change.prefix, result]));
  return group.flatMap(({ id, prefix }) => {
    const result = byPrefix.get(prefix);
    return result === undefined ? [] : [enforcementOf(id, result)];
  });
}
