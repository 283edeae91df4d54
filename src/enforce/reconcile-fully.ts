import type { IpAddress, IpPrefix } from "../domain/ip-address.ts";
import type { ChangeResult, FirewallChange, FirewallState } from "../ports.ts";
import { nothingDone } from "./apply-cautiously.ts";
import { findDrift } from "./drift.ts";
import { dropNews } from "./drop-news.ts";
import { additionsOf, plan } from "./plan.ts";
import type { RoundDeps } from "./reconcile.ts";
import { applyNew } from "./reconcile-changes.ts";
import { type FullApplied, newsOf, resultsOf } from "./results.ts";
import { type RetryMemory, retryWithdrawn } from "./retry-withdrawn.ts";
import { readWanted, type Wanted } from "./wanted.ts";

export interface FullOutcome {
  readonly ownAddresses: readonly IpAddress[];
  readonly capacity: FirewallState["capacity"];
  readonly standing: number;
  readonly changed: number;
  /** What somebody else must have changed, in words. */
  readonly drift: readonly string[];
  /** Why the firewall does not hold what it should; null when it does. */
  readonly error: string | null;
}

/** What a reconciler remembers between rounds. */
export interface Memory {
  /** What was last recorded of blocks that are not verified, so that the same is not written again every minute. */
  readonly unsettled: Map<string, string>;
  /** Packets that each network had dropped when that was last recorded. */
  readonly packets: Map<IpPrefix, number>;
  /** Whether blocks this firewall was never asked for, and those that failed there, have been requested. */
  isIntroduced: boolean;
  readonly retry: RetryMemory;
  /** False for some minutes after our clock has jumped. */
  isSteady: boolean;
  /** Up to when blocks that ran out have been marked as such; null: ask the store. */
  expiredUntil: Date | null;
}

/** @returns nothing remembered */
export function createMemory(): Memory {
  return {
    unsettled: new Map(),
    packets: new Map(),
    isIntroduced: false,
    retry: { nextMs: Number.NEGATIVE_INFINITY, culprits: new Map() },
    isSteady: true,
    expiredUntil: null,
  };
}

/** Longer than a round takes. */
const markedMs = 600_000;

/** With more changes than this, and than half of what should be there, all is built anew beside and put in place at once. */
const rebuildAbove = 1000;

/**
 * Reads the firewall, makes it hold exactly the blocks that stand, and records what was requested and what is not in force.
 * @throws {AppError} what `Firewall` throws, STORE_UNAVAILABLE
 */
export async function reconcileFully(
  deps: RoundDeps,
  memory: Memory,
  signal: AbortSignal,
): Promise<FullOutcome> {
  const { firewall, store, now } = deps;
  // First of all, so that a host that is down costs no look through the store.
  const state = await firewall.read(signal);
  const readAt = now();
  const wanted = await readWanted(deps, memory);
  const changes = possibleOf(plan(wanted.allowed, state, readAt), {
    wanted,
    state,
    isSteady: memory.isSteady,
  });
  const drift = findDrift({ state, changes, open: openPrefixes(wanted, memory) });
  const drops = dropNews(wanted.allowed, state.drops, memory.packets);
  if (drops.length > 0) {
    await store.recordDrops(firewall.name, drops);
  }
  const applied = await applyTo(deps, { wanted, changes, state }, signal);
  const retried = await retryWithdrawn(deps, wanted.withdrawn, memory.retry, signal);
  const results = [...wanted.refused, ...resultsOf({ wanted, state, applied, memory }), ...retried];
  const news = newsOf(results, wanted, memory);
  if (news.length > 0) {
    await store.recordEnforcements(firewall.name, news, now());
  }
  if (memory.isSteady) {
    await expire(deps, memory, readAt);
  }
  return {
    ownAddresses: state.ownAddresses,
    capacity: state.capacity,
    standing: wanted.allowed.length,
    changed: changes.length,
    drift: [...new Set([...drift, ...applied.repaired])],
    error: applied.withdrawn ?? errorOf(applied.results),
  };
}

/** Without what has to wait for a canary, and while our clock can't be trusted without what only the time takes off. */
function possibleOf(
  changes: readonly FirewallChange[],
  { wanted, state, isSteady }: Pick<Work, "wanted" | "state"> & Pick<Memory, "isSteady">,
): readonly FirewallChange[] {
  const lifted = new Set(
    wanted.requested.filter(({ kind }) => kind === "remove").map(({ prefix }) => prefix),
  );
  return changes.filter(({ kind, prefix }) =>
    kind === "remove" ? isSteady || lifted.has(prefix) : mayStand(prefix, { wanted, state }),
  );
}

/** What waits for a canary is not added, and stays where it is there already. */
function mayStand(prefix: IpPrefix, { wanted, state }: Pick<Work, "wanted" | "state">): boolean {
  return !wanted.withheld.has(prefix) || state.entries.has(prefix);
}

/** What ended some time before the firewall was last in sync was marked then. */
async function expire({ firewall, store }: RoundDeps, memory: Memory, now: Date): Promise<void> {
  memory.expiredUntil ??= new Date(
    ((await store.firewalls()).find(({ name }) => name === firewall.name)?.inSyncAt?.getTime() ?? 0) -
      markedMs,
  );
  await store.expireEnforcements(firewall.name, memory.expiredUntil, now);
  memory.expiredUntil = now;
}

function openPrefixes(
  { allowed, requested, refused, withdrawn }: Wanted,
  { unsettled }: Memory,
): ReadonlySet<IpPrefix> {
  const unsettledPrefixes = allowed.filter(({ id }) => unsettled.has(id)).map(({ prefix }) => prefix);
  // What our own settings forbid is no drift either.
  const ours = [...requested, ...refused, ...withdrawn].map(({ prefix }) => prefix);
  return new Set([...ours, ...unsettledPrefixes]);
}

interface Work {
  readonly wanted: Wanted;
  readonly changes: readonly FirewallChange[];
  readonly state: FirewallState;
}

async function applyTo(deps: RoundDeps, work: Work, signal: AbortSignal): Promise<FullApplied> {
  const { firewall, now } = deps;
  const { wanted, changes, state } = work;
  if (changes.length > rebuildAbove && changes.length > wanted.allowed.length / 2 && !deps.isCanary) {
    const all = wanted.allowed.filter(({ prefix }) => mayStand(prefix, work));
    return { ...(await firewall.rebuild(additionsOf(all, now()), signal)), withdrawn: null, isWhole: true };
  }
  const { standing, fresh, possible } = divide(changes, wanted);
  // Changes have the drop rules mended that they need themselves, this one all of them.
  const mended = state.faults.length > 0 ? await firewall.apply([], signal) : nothingDone;
  const stood = standing.length > 0 ? await firewall.apply(standing, signal) : nothingDone;
  const added = fresh.length > 0 ? await applyNew(deps, { changes: fresh, possible }, signal) : nothingDone;
  return {
    results: [...stood.results, ...added.results],
    repaired: [...mended.repaired, ...stood.repaired, ...added.repaired],
    withdrawn: added.withdrawn,
    isWhole: false,
  };
}

/** Only blocks that are new to a canary are tried there: what stood before has shown that it does no harm. */
function divide(changes: readonly FirewallChange[], { requested }: Wanted) {
  const isNew = new Set(requested.filter(({ kind }) => kind === "add").map(({ prefix }) => prefix));
  const isFresh = ({ kind, prefix }: FirewallChange): boolean => kind === "add" && isNew.has(prefix);
  const fresh = changes.filter(isFresh);
  const freshPrefixes = new Set(fresh.map(({ prefix }) => prefix));
  return {
    fresh,
    possible: requested.filter(({ prefix }) => freshPrefixes.has(prefix)),
    standing: changes.filter((change) => !isFresh(change)),
  };
}

function errorOf(results: readonly ChangeResult[]): string | null {
  const failed = results.filter(({ outcome }) => outcome === "failed" || outcome === "applied");
  const [first] = failed;
  return first === undefined
    ? null
    : `${failed.length} of ${results.length} changes failed: ${first.change.prefix} ${first.reason}`;
}
