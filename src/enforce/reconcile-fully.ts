import { setImmediate as nextTurn } from "node:timers/promises";
import type { Block } from "../domain/block.ts";
import type { IpAddress, IpPrefix } from "../domain/ip-address.ts";
import type {
  Applied,
  ChangeResult,
  EnforcementResult,
  Firewall,
  FirewallChange,
  FirewallState,
  RequestedChange,
} from "../ports.ts";
import { plan } from "./plan.ts";
import { doneOf, enforcementOf, type ReconcileDeps } from "./reconcile.ts";

export interface FullOutcome {
  readonly ownAddresses: readonly IpAddress[];
  readonly standing: number;
  readonly changed: number;
  /** What had been wrong with the drop rules. */
  readonly faults: readonly string[];
  /** Why the firewall does not hold what it should; null when it does. */
  readonly error: string | null;
}

/** What was last recorded of blocks that are not verified, so that the same is not written again every minute. */
export type Unsettled = Map<string, string>;

/** More than can wait: the rest is found by the next round. */
const requestLimit = 200_000;

/** Blocks looked at before others get their turn. */
const sliceLength = 5000;

/** What a reconciler remembers between rounds. */
export interface Memory {
  readonly unsettled: Unsettled;
  /** Whether blocks this firewall was never asked for, and those that failed there, have been requested. */
  isIntroduced: boolean;
}

/**
 * Reads the firewall, makes it hold exactly the blocks that stand, and records what was requested and what is not in force.
 * @throws {AppError} what `Firewall` throws, STORE_UNAVAILABLE
 */
export async function reconcileFully(
  deps: ReconcileDeps,
  memory: Memory,
  signal: AbortSignal,
): Promise<FullOutcome> {
  const { firewall, store, now } = deps;
  // First of all, so that a host that is down costs no look through the store.
  const state = await firewall.read(signal);
  const readAt = now();
  const { blocks, requested } = await wanted(deps, memory);
  const { allowed, refused } = await divide(blocks, deps);
  const changes = plan(allowed, state, readAt);
  const applied = await applyTo(firewall, { changes, isFaulty: state.faults.length > 0 }, signal);
  const results = [...refused, ...resultsOf({ blocks: allowed, requested, state, applied, memory })];
  const news = newsOf(results, blocks, memory.unsettled);
  if (news.length > 0) {
    await store.recordEnforcements(firewall.name, news, now());
  }
  return {
    ownAddresses: state.ownAddresses,
    standing: blocks.length,
    changed: changes.length,
    faults: [...new Set([...state.faults, ...applied.repaired])],
    error: errorOf(applied.results),
  };
}

async function applyTo(
  firewall: Firewall,
  { changes, isFaulty }: { readonly changes: readonly FirewallChange[]; readonly isFaulty: boolean },
  signal: AbortSignal,
): Promise<Applied> {
  // Changes have the drop rules mended that they need themselves, this one all of them.
  const mended = isFaulty ? await firewall.apply([], signal) : { results: [], repaired: [] };
  const applied = changes.length > 0 ? await firewall.apply(changes, signal) : mended;
  return { results: applied.results, repaired: [...mended.repaired, ...applied.repaired] };
}

async function wanted({ firewall, store, now }: ReconcileDeps, memory: Memory) {
  const blocks = await store.standingBlocks(now());
  if (!memory.isIntroduced) {
    await store.requestEnforcements(
      firewall.name,
      blocks.map(({ id }) => id),
      now(),
    );
    memory.isIntroduced = true;
  }
  return { blocks, requested: await store.requestedChanges(firewall.name, now(), requestLimit) };
}

async function divide(blocks: readonly Block[], { protectedReason }: ReconcileDeps) {
  const allowed: Block[] = [];
  const refused: EnforcementResult[] = [];
  for (const [index, block] of blocks.entries()) {
    if (index % sliceLength === sliceLength - 1) {
      await nextTurn();
    }
    const error = protectedReason(block.prefix);
    if (error === null) {
      allowed.push(block);
    } else {
      refused.push({ blockId: block.id, state: "refused", error });
    }
  }
  return { allowed, refused };
}

interface Round {
  readonly blocks: readonly Block[];
  readonly requested: readonly RequestedChange[];
  readonly state: FirewallState;
  readonly applied: Applied;
  readonly memory: Memory;
}

/** Of what was requested, of what had not been in force, and of what is not now. The rest is on record as verified. */
function resultsOf({ blocks, requested, state, applied, memory }: Round): readonly EnforcementResult[] {
  const byPrefix = new Map(applied.results.map((result) => [result.change.prefix, result]));
  const open = new Set([...requested.map(({ blockId }) => blockId), ...memory.unsettled.keys()]);
  const results: EnforcementResult[] = [];
  for (const { id, prefix } of blocks) {
    const result = byPrefix.get(prefix);
    if (result !== undefined && (result.outcome !== "verified" || open.has(id))) {
      results.push(enforcementOf(id, result));
    } else if (result === undefined && open.has(id) && state.entries.has(prefix)) {
      results.push({ blockId: id, state: "verified", error: null });
    }
  }
  const lifted = requested.filter(({ kind, prefix }) => kind === "remove" && isGone(prefix, byPrefix, state));
  return [...results, ...lifted.map(doneOf)];
}

function isGone(
  prefix: IpPrefix,
  byPrefix: ReadonlyMap<IpPrefix, ChangeResult>,
  state: FirewallState,
): boolean {
  const result = byPrefix.get(prefix);
  return result === undefined
    ? !state.entries.has(prefix)
    : result.outcome === "verified" && result.change.kind === "remove";
}

function newsOf(
  results: readonly EnforcementResult[],
  blocks: readonly Block[],
  unsettled: Unsettled,
): readonly EnforcementResult[] {
  const standing = new Set(blocks.map(({ id }) => id));
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

function errorOf(results: readonly ChangeResult[]): string | null {
  const failed = results.filter(({ outcome }) => outcome === "failed");
  const [first] = failed;
  return first === undefined
    ? null
    : `${failed.length} of ${results.length} changes failed: ${first.change.prefix} ${first.reason}`;
}
