import type { IpPrefix } from "../domain/ip-address.ts";
import type { EnforcementResult, FirewallChange, RequestedChange } from "../ports.ts";
import { type CautiousOutcome, nothingDone } from "./apply-cautiously.ts";
import { secondsUntil } from "./plan.ts";
import { doneOf, enforcementOf, type RoundDeps } from "./reconcile.ts";

export interface ChangesOutcome {
  readonly changed: number;
  /** There may be more. */
  readonly isLimited: boolean;
  /** Something failed or had been missing: only a look at the whole firewall tells what else is wrong. */
  readonly doubt: string | null;
  /** What had been missing or altered, and was put in place first. */
  readonly repaired: readonly string[];
  /** Why new blocks were taken off this canary again; null when they were not. */
  readonly withdrawn: string | null;
}

/** Changes of one round. */
const limit = 10_000;

/**
 * Makes the requested changes and records what became of them. What failed stays requested.
 * @throws {AppError} what `Firewall.apply` throws, STORE_UNAVAILABLE
 */
export async function reconcileChanges(deps: RoundDeps, signal: AbortSignal): Promise<ChangesOutcome> {
  const { firewall, store, now } = deps;
  const requested = await store.requestedChanges(firewall.name, {
    now: now(),
    limit,
    canary: await deps.waitsFor(),
    removalsOnly: deps.liftsOnly,
  });
  const refused = refusedOf(requested, deps);
  const possible = requested.filter(({ blockId }) => !refused.has(blockId));
  const changes = changesFor(possible, now());
  const outcome = changes.length === 0 ? nothingDone : await applyNew(deps, { changes, possible }, signal);
  const settled = [...refused.values(), ...settledBy(possible, outcome)];
  if (settled.length > 0) {
    await store.recordEnforcements(firewall.name, settled, now());
  }
  return {
    changed: settled.length,
    isLimited: requested.length === limit && settled.length > 0,
    doubt: doubtOf(outcome),
    repaired: outcome.repaired,
    withdrawn: outcome.withdrawn,
  };
}

/** Makes changes of which the additions are new to this firewall. */
export async function applyNew(
  { apply, firewall, store, now }: RoundDeps,
  {
    changes,
    possible,
  }: { readonly changes: readonly FirewallChange[]; readonly possible: readonly RequestedChange[] },
  signal: AbortSignal,
): Promise<CautiousOutcome> {
  const added = possible.filter(({ kind }) => kind === "add").map(({ blockId }) => blockId);
  const beforeTrial = (): Promise<void> => store.beginTrial(firewall.name, added, now());
  return (await apply({ changes, beforeTrial, whenUnwell: "apply" }, signal)) ?? nothingDone;
}

/** One that can't be taken off is tried again, and a look at the whole firewall would not help it. */
function doubtOf({ results, repaired, withdrawn }: CautiousOutcome): string | null {
  const doubtful = results.find(
    ({ outcome, change }) => change.kind === "add" && (outcome === "failed" || outcome === "applied"),
  );
  return withdrawn ?? repaired[0] ?? doubtful?.reason ?? null;
}

function refusedOf(
  requested: readonly RequestedChange[],
  { protectedReason }: RoundDeps,
): ReadonlyMap<string, EnforcementResult> {
  const refused = new Map<string, EnforcementResult>();
  for (const { blockId, prefix, kind } of requested) {
    const error = kind === "add" ? protectedReason(prefix) : null;
    if (error !== null) {
      refused.set(blockId, { blockId, state: "refused", error });
    }
  }
  return refused;
}

/** One change per network: what is to be blocked is not taken off, and of several blocks the longest counts. */
function changesFor(requested: readonly RequestedChange[], now: Date): readonly FirewallChange[] {
  const changes = new Map<IpPrefix, FirewallChange>();
  for (const { prefix, kind, expiresAt } of requested) {
    const earlier = changes.get(prefix);
    const seconds = secondsUntil(expiresAt.getTime(), now);
    if (kind === "remove") {
      changes.set(prefix, earlier ?? { kind, prefix });
    } else if (seconds > 0 && (earlier?.kind !== "add" || earlier.seconds < seconds)) {
      changes.set(prefix, { kind, prefix, seconds });
    }
  }
  return [...changes.values()];
}

function settledBy(
  requested: readonly RequestedChange[],
  { results, withdrawn }: CautiousOutcome,
): readonly EnforcementResult[] {
  if (withdrawn !== null) {
    return requested.flatMap(({ blockId, kind }) =>
      kind === "add" ? [{ blockId, state: "withdrawn" as const, error: withdrawn }] : [],
    );
  }
  const byPrefix = new Map(results.map((result) => [result.change.prefix, result]));
  return requested.flatMap((request) => {
    const result = byPrefix.get(request.prefix);
    if (result === undefined || result.outcome === "failed") {
      return [];
    }
    if (request.kind === "remove" && result.change.kind === "add") {
      return [doneOf(request)]; // an older block, lifted before this one came
    }
    return [result.outcome === "verified" ? doneOf(request) : enforcementOf(request.blockId, result)];
  });
}
