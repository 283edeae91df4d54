import type { IpAddress, IpPrefix } from "../domain/ip-address.ts";
import type { ChangeResult, FirewallChange, FirewallState } from "../ports.ts";
import { findDrift } from "./drift.ts";
import { dropNews } from "./drop-news.ts";
import { additionsOf, plan } from "./plan.ts";
import type { RoundDeps } from "./reconcile.ts";
import { type FullApplied, newsOf, resultsOf } from "./results.ts";
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
  /** Up to when blocks that ran out have been marked as such; null: ask the store. */
  expiredUntil: Date | null;
}

/** @returns nothing remembered */
export function createMemory(): Memory {
  return { unsettled: new Map(), packets: new Map(), isIntroduced: false, expiredUntil: null };
}

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
  const changes = plan(wanted.allowed, state, readAt).filter(
    ({ kind, prefix }) => kind === "remove" || !wanted.withheld.has(prefix) || state.entries.has(prefix),
  );
  const drift = findDrift({ state, changes, open: openPrefixes(wanted, memory) });
  const drops = dropNews(wanted.allowed, state.drops, memory.packets);
  if (drops.length > 0) {
    await store.recordDrops(firewall.name, drops);
  }
  const applied = await applyTo(deps, { wanted, changes, state }, signal);
  const news = newsOf([...wanted.refused, ...resultsOf({ wanted, state, applied, memory })], wanted, memory);
  if (news.length > 0) {
    await store.recordEnforcements(firewall.name, news, now());
  }
  await expire(deps, memory, readAt);
  return {
    ownAddresses: state.ownAddresses,
    capacity: state.capacity,
    standing: wanted.allowed.length,
    changed: changes.length,
    drift: [...new Set([...drift, ...applied.repaired])],
    error: applied.withdrawn ?? errorOf(applied.results),
  };
}

/** What ended before the firewall was last in sync was marked then. */
async function expire({ firewall, store }: RoundDeps, memory: Memory, now: Date): Promise<void> {
  memory.expiredUntil ??=
    (await store.firewalls()).find(({ name }) => name === firewall.name)?.inSyncAt ?? new Date(0);
  await store.expireEnforcements(firewall.name, memory.expiredUntil, now);
  memory.expiredUntil = now;
}

function openPrefixes({ allowed, requested }: Wanted, { unsettled }: Memory): ReadonlySet<IpPrefix> {
  const unsettledPrefixes = allowed.filter(({ id }) => unsettled.has(id)).map(({ prefix }) => prefix);
  return new Set([...requested.map(({ prefix }) => prefix), ...unsettledPrefixes]);
}

interface Work {
  readonly wanted: Wanted;
  readonly changes: readonly FirewallChange[];
  readonly state: FirewallState;
}

async function applyTo(
  deps: RoundDeps,
  { wanted, changes, state }: Work,
  signal: AbortSignal,
): Promise<FullApplied> {
  const { firewall, now } = deps;
  if (changes.length > rebuildAbove && changes.length > wanted.allowed.length / 2 && !deps.isCanary) {
    const all = wanted.allowed.filter(
      ({ prefix }) => !wanted.withheld.has(prefix) || state.entries.has(prefix),
    );
    return { ...(await firewall.rebuild(additionsOf(all, now()), signal)), withdrawn: null, isWhole: true };
  }
  // Changes have the drop rules mended that they need themselves, this one all of them.
  const mended = state.faults.length > 0 ? await firewall.apply([], signal) : { results: [], repaired: [] };
  const applied =
    changes.length > 0 ? await applyChanges(deps, wanted, changes, signal) : { ...mended, withdrawn: null };
  const repaired = changes.length > 0 ? [...mended.repaired, ...applied.repaired] : mended.repaired;
  return { ...applied, repaired, isWhole: false };
}

/** Only blocks that are new to a canary are tried there: what stood before has shown that it does no harm. */
function applyChanges(
  { apply, firewall }: RoundDeps,
  { requested }: Wanted,
  changes: readonly FirewallChange[],
  signal: AbortSignal,
) {
  const isNew = new Set(requested.filter(({ kind }) => kind === "add").map(({ prefix }) => prefix));
  return changes.some(({ kind, prefix }) => kind === "add" && isNew.has(prefix))
    ? apply(changes, signal)
    : firewall.apply(changes, signal).then((applied) => ({ ...applied, withdrawn: null }));
}

function errorOf(results: readonly ChangeResult[]): string | null {
  const failed = results.filter(({ outcome }) => outcome === "failed" || outcome === "applied");
  const [first] = failed;
  return first === undefined
    ? null
    : `${failed.length} of ${results.length} changes failed: ${first.change.prefix} ${first.reason}`;
}
