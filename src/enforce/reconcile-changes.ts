import type { IpPrefix } from "../domain/ip-address.ts";
import type { ChangeResult, EnforcementResult, FirewallChange, RequestedChange } from "../ports.ts";
import { secondsUntil } from "./plan.ts";
import { doneOf, enforcementOf, type ReconcileDeps } from "./reconcile.ts";

export interface ChangesOutcome {
  readonly changed: number;
  /** There may be more. */
  readonly isLimited: boolean;
  /** Something failed or had been missing: only a look at the whole firewall tells what else is wrong. */
  readonly doubt: string | null;
}

/** Changes of one round. */
const limit = 10_000;

/**
 * Makes the requested changes and records what became of them. What failed stays requested.
 * @throws {AppError} what `Firewall.apply` throws, STORE_UNAVAILABLE
 */
export async function reconcileChanges(deps: ReconcileDeps, signal: AbortSignal): Promise<ChangesOutcome> {
  const { firewall, store, now } = deps;
  const waiting = await store.requestedChanges(firewall.name, now(), limit);
  const requested = deps.liftsOnly ? waiting.filter(({ kind }) => kind === "remove") : waiting;
  const refused = refusedOf(requested, deps);
  const possible = requested.filter(({ blockId }) => !refused.has(blockId));
  const changes = changesFor(possible, now());
  const { results, repaired } =
    changes.length === 0 ? { results: [], repaired: [] } : await firewall.apply(changes, signal);
  const settled = [...refused.values(), ...settledBy(possible, results)];
  if (settled.length > 0) {
    await store.recordEnforcements(firewall.name, settled, now());
  }
  // One that can't be taken off is tried again, and a look at the whole firewall would not help it.
  const failed = results.find(({ outcome, change }) => outcome === "failed" && change.kind === "add");
  return {
    changed: settled.length,
    isLimited: waiting.length === limit && settled.length > 0,
    doubt: repaired[0] ?? failed?.reason ?? null,
  };
}

function refusedOf(
  requested: readonly RequestedChange[],
  { protectedReason }: ReconcileDeps,
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
  results: readonly ChangeResult[],
): readonly EnforcementResult[] {
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
