import type { SearchRule } from "../config/config.ts";
import type { Action } from "../domain/decision.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { Policy } from "../domain/policy.ts";
import type { PastDecision } from "../ports.ts";
import { createSearchPlan } from "./block-target.ts";
import type { Protection } from "./protection.ts";
import { type Replayed, replay } from "./replay.ts";
import { newAddress, type ReplayedAddress } from "./replayed-address.ts";
import { windowsOf } from "./windows-of.ts";

/** What would be different for an address; `unclear`: a rule asks a provider about which nothing is stored. Most important first. */
export const backtestChanges = ["newly-blocked", "freed", "held", "released-from-hold", "unclear"] as const;
export type BacktestChange = (typeof backtestChanges)[number];

/** An address about which something would be different: the first of its most important changes. */
export interface BacktestItem {
  readonly ip: IpAddress;
  readonly was: Action;
  readonly would: Action;
  readonly change: BacktestChange;
  readonly at: Date;
  readonly searchName: string | null;
  /** Over all alerts of the time. */
  readonly events: number;
  /** Why the other policy would do so. May quote text from outside: escape it. */
  readonly reasons: readonly string[];
}

export interface BacktestResult {
  /** Decisions of policies that were replayed. */
  readonly decisions: number;
  /** Blocks that were made by policy, and that the other one would have made. */
  readonly blocks: { readonly were: number; readonly would: number };
  /** Numbers of addresses. */
  readonly counts: Readonly<Record<BacktestChange | "same", number>>;
  /** Most important change first, then by events. Addresses for which nothing changes are left out. */
  readonly items: readonly BacktestItem[];
}

export interface BacktestOptions {
  /** The other policy. */
  readonly policy: Policy;
  /** Searches that have policies of their own there; none unless given. */
  readonly searches?: readonly SearchRule[];
  readonly protectedReason: Protection;
}

export interface Backtest {
  /** Decisions oldest first. */
  add(past: PastDecision): void;
  result(): BacktestResult;
}

/**
 * What another policy would have decided about the past, from what was known then and nothing later: stored findings, stored inputs and
 * its own blocks. Wider blocks, limits and who was asked when are not replayed. Keeps a small record for each address.
 */
export function createBacktest({ policy, searches = [], protectedReason }: BacktestOptions): Backtest {
  const planOf = createSearchPlan({ searches, firewalls: [], mode: "enforce", policy });
  const windows = windowsOf([policy, ...searches.flatMap((search) => search.policy ?? [])]);
  const addresses = new Map<IpAddress, ReplayedAddress>();
  let decisions = 0;
  const blocks = { were: 0, would: 0 };

  return {
    add(past) {
      const { decision, sighting, searchName, seenAt } = past;
      const address = addresses.get(decision.ip) ?? newAddress(decision, windows);
      addresses.set(decision.ip, address);
      if (decision.actor === "policy") {
        decisions += 1;
        address.events += sighting.count;
        address.counter.add(seenAt, sighting.count);
      }
      const replayed = replay(past, address, {
        policy: planOf({ searchName, askedMode: null }).policy,
        protectedReason: protectedReason(decision.ip),
      });
      blocks.were += decision.actor === "policy" && decision.action === "block" ? 1 : 0;
      blocks.would += replayed?.verdict.action === "block" ? 1 : 0;
      note(address, past, replayed);
    },
    result() {
      const items = [...addresses].flatMap(([ip, { change, events }]) =>
        change === null ? [] : [{ ip, events, ...change }],
      );
      const sorted = items.toSorted(compareItems);
      return { decisions, blocks: { ...blocks }, counts: countsOf(sorted, addresses.size), items: sorted };
    },
  };
}

/** Keeps the first of the most important changes. */
function note(
  address: ReplayedAddress,
  { decision, searchName }: PastDecision,
  replayed: Replayed | null,
): void {
  if (replayed === null || replayed.change === "same") {
    return;
  }
  const { change, verdict } = replayed;
  if (isMoreImportant(change, address.change?.change)) {
    address.change = {
      change,
      was: decision.action,
      would: verdict.action,
      at: decision.decidedAt,
      searchName,
      reasons: verdict.reasons,
    };
  }
}

function isMoreImportant(change: BacktestChange, than: BacktestChange | undefined): boolean {
  return than === undefined || backtestChanges.indexOf(change) < backtestChanges.indexOf(than);
}

function compareItems(a: BacktestItem, b: BacktestItem): number {
  return (
    backtestChanges.indexOf(a.change) - backtestChanges.indexOf(b.change) ||
    b.events - a.events ||
    a.at.getTime() - b.at.getTime() ||
    (a.ip < b.ip ? -1 : 1)
  );
}

function countsOf(items: readonly BacktestItem[], addresses: number): BacktestResult["counts"] {
  const count = (change: BacktestChange) => items.filter((item) => item.change === change).length;
  return {
    "newly-blocked": count("newly-blocked"),
    freed: count("freed"),
    held: count("held"),
    "released-from-hold": count("released-from-hold"),
    unclear: count("unclear"),
    same: addresses - items.length,
  };
}
