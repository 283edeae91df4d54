import { setImmediate as nextTurn } from "node:timers/promises";
import type { Block } from "../domain/block.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { EnforcementResult, RequestedChange } from "../ports.ts";
import type { Memory } from "./reconcile-fully.ts";
import type { RoundDeps } from "./reconcile.ts";

/** What one firewall should hold. */
export interface Wanted {
  readonly allowed: readonly Block[];
  /** Of standing blocks that must not be there, why. */
  readonly refused: readonly Refusal[];
  /** What this canary has withdrawn. */
  readonly withdrawn: readonly Block[];
  readonly requested: readonly RequestedChange[];
  /** Allowed ones that may stay but not be added yet: a canary has not shown that they do no harm. */
  readonly withheld: ReadonlySet<IpPrefix>;
}

export interface Refusal extends EnforcementResult {
  readonly prefix: IpPrefix;
}

/** More than can wait: the rest is found by the next round. */
const requestLimit = 200_000;

/** Blocks looked at before others get their turn. */
const sliceLength = 5000;

/** Asks the store, and first requests what this firewall was never asked for. @throws {AppError} STORE_UNAVAILABLE */
export async function readWanted(deps: RoundDeps, memory: Memory): Promise<Wanted> {
  const { firewall, store, now } = deps;
  const { name } = firewall;
  const blocks = await store.standingBlocks(now());
  if (!memory.isIntroduced) {
    const ids = blocks.filter(({ groups }) => deps.isFor(groups)).map(({ id }) => id);
    await store.requestEnforcements(name, ids, now());
    if (!deps.isCanary) {
      await store.retryWithdrawn(name, now()); // from when it was one
    }
    memory.isIntroduced = true;
  }
  const canary = await deps.waitsFor();
  const requested = await store.requestedChanges(name, { now: now(), limit: requestLimit, canary });
  const withdrawn = deps.isCanary ? await store.withdrawnBlocks(name, now()) : noBlocks;
  const waiting = canary === undefined ? noBlocks : await store.withheldBlocks(canary, now());
  const divided = await divide(blocks, withdrawn, deps);
  const withheld = new Set(divided.allowed.filter(({ id }) => waiting.has(id)).map(({ prefix }) => prefix));
  return { ...divided, requested, withheld };
}

const noBlocks: ReadonlySet<string> = new Set();

async function divide(
  blocks: readonly Block[],
  withdrawn: ReadonlySet<string>,
  { protectedReason, isFor }: RoundDeps,
): Promise<Pick<Wanted, "allowed" | "refused" | "withdrawn">> {
  const allowed: Block[] = [];
  const refused: Refusal[] = [];
  const tried: Block[] = [];
  for (const [index, block] of blocks.entries()) {
    if (index % sliceLength === sliceLength - 1) {
      await nextTurn();
    }
    const error = isFor(block.groups) ? protectedReason(block.prefix) : notFor(block);
    if (error !== null) {
      refused.push({ blockId: block.id, prefix: block.prefix, state: "refused", error });
    } else {
      (withdrawn.has(block.id) ? tried : allowed).push(block);
    }
  }
  return { allowed, refused, withdrawn: tried };
}

/** Said only of a block that this firewall was asked for before its groups were changed: there is no row for any other. */
function notFor({ groups }: Block): string {
  return `it is for firewalls of ${groups?.join(", ") ?? "all groups"}`;
}
