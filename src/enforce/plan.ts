import { type Block, forever } from "../domain/block.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { FirewallAddition, FirewallChange, FirewallState } from "../ports.ts";

/** The longest time-out an ipset entry can have, in seconds. */
export const longestSeconds = 2_147_483;

/** An entry that the kernel lifts so much too early is put right. */
export const earlySeconds = 5;

/** So much too late is what a large batch on a slow host comes to. */
export const lateSeconds = 30;

/** One whose end lies beyond the longest time-out is put off again when it has run down by this. */
const refreshSeconds = 86_400;

type Desired = Pick<Block, "prefix" | "expiresAt">;

/**
 * The changes that make a firewall hold exactly `desired`: adds what is missing, puts right what ends at another time, and
 * removes what should not be there. Of several blocks on one network the longest counts.
 */
export function plan(
  desired: Iterable<Desired>,
  state: Pick<FirewallState, "entries">,
  now: Date,
): readonly FirewallChange[] {
  const changes: FirewallChange[] = [];
  const ends = endsOf(desired);
  for (const prefix of state.entries.keys()) {
    if (!ends.has(prefix)) {
      changes.push({ kind: "remove", prefix });
    }
  }
  for (const [prefix, end] of ends) {
    const seconds = secondsUntil(end, now);
    if (seconds > 0 && !isRight(state.entries.get(prefix), seconds)) {
      changes.push({ kind: "add", prefix, seconds });
    }
  }
  return changes;
}

/** All that is to be dropped. Of several blocks on one network the longest counts. */
export function additionsOf(desired: Iterable<Desired>, now: Date): readonly FirewallAddition[] {
  const additions: FirewallAddition[] = [];
  for (const [prefix, end] of endsOf(desired)) {
    const seconds = secondsUntil(end, now);
    if (seconds > 0) {
      additions.push({ kind: "add", prefix, seconds });
    }
  }
  return additions;
}

/**
 * Whole seconds, at least the time that is left and at most what a firewall can keep; infinity for a block without end; 0 or
 * less when it is over.
 */
export function secondsUntil(endMs: number, now: Date): number {
  if (endMs >= forever.getTime()) {
    return Number.POSITIVE_INFINITY;
  }
  return Math.min(Math.ceil((endMs - now.getTime()) / 1000), longestSeconds);
}

function endsOf(desired: Iterable<Desired>): ReadonlyMap<IpPrefix, number> {
  const ends = new Map<IpPrefix, number>();
  for (const { prefix, expiresAt } of desired) {
    const end = expiresAt.getTime();
    if (end > (ends.get(prefix) ?? 0)) {
      ends.set(prefix, end);
    }
  }
  return ends;
}

function isRight(actual: number | undefined, seconds: number): boolean {
  if (actual === undefined) {
    return false;
  }
  if (seconds === actual) {
    return true; // also: neither ever ends
  }
  const early = seconds === longestSeconds ? refreshSeconds : earlySeconds;
  return actual >= seconds - early && actual <= seconds + lateSeconds;
}
