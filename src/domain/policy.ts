import type { Hint } from "./finding.ts";

/** Asks something of one provider: a number of at least `least`, or that something happened within the last `seconds`. */
export type Condition =
  | { readonly kind: "least"; readonly provider: string; readonly number: string; readonly least: number }
  | { readonly kind: "within"; readonly provider: string; readonly time: string; readonly seconds: number };

/** So many events within so many seconds, over all alerts. */
export interface SightingsNeed {
  readonly events: number;
  readonly seconds: number;
}

/** Holds when all of its parts do. One that asks nothing of any provider and has no quorum never holds. */
export interface Rule {
  readonly conditions: readonly Condition[];
  /** At least `least` of these groups of conditions; null: nothing more is asked. */
  readonly quorum: { readonly least: number; readonly of: readonly (readonly Condition[])[] } | null;
  readonly sightings: SightingsNeed | null;
}

export interface Aggregate {
  /** The whole /24 is blocked when so many of its addresses are, with the new one; null: never. */
  readonly ipv4Neighbours: number | null;
  /** 64: the whole /64 of an IPv6 address is blocked, which is what one customer has; 128: the address alone. */
  readonly ipv6Length: 64 | 128;
}

/** What a hint does to an address that would be blocked: ask a person, only watch it, nothing, or block it for no longer than this. */
export type HintAction = "hold" | "watch" | "none" | { readonly atMostSeconds: number };

/**
 * What to do with an address that can't be decided because a provider can't be asked. It waits for the provider for `seconds`; then it
 * is decided by what is known (`wait`, `decide-without`, which differ in how long that usually is), or a person is asked (`hold`).
 */
export interface Unavailable {
  readonly action: "wait" | "decide-without" | "hold";
  readonly seconds: number;
}

/** When to block and when to ask a person. */
export interface Policy {
  /** Block when any of these rules holds. */
  readonly block: readonly Rule[];
  /** Hold when none of the above but any of these holds. */
  readonly hold: readonly Rule[];
  /** What every block needs besides its rule; null: one event is enough. */
  readonly sightings: SightingsNeed | null;
  readonly hints: Readonly<Record<Hint, HintAction>>;
  /** How long the first block of an address stands, the second, …; the last one counts for all further. Infinity: without end. At least one. */
  readonly blockSeconds: readonly number[];
  /** One offence less for each such time without another. */
  readonly forgetSeconds: number;
  /** When a block is made wider than the one address that gave the reason; never over a protected address. */
  readonly aggregate: Aggregate;
  /** How long a hold waits for a person before it lapses. */
  readonly holdSeconds: number;
  /** How long a lifted block keeps alerts from blocking the address again. */
  readonly graceSeconds: number;
  readonly unavailable: Unavailable;
  /** How long after its end a finding may still be used while its provider can't be asked; 0: never. */
  readonly staleSeconds: number;
  /** `sha256:` and 12 hex digits over all of the above. */
  readonly version: string;
}

/** Most new blocks; null: no limit. Beyond them decisions become holds. */
export interface BlastLimits {
  readonly perMinute: number | null;
  readonly perHour: number | null;
  /** In an hour, by one search. */
  readonly perSearch: number | null;
  /** In an hour, in one IPv4 /16 or IPv6 /32. */
  readonly perNetwork: number | null;
  /** In an hour, of one autonomous system. */
  readonly perAs: number | null;
  /** Standing at the same time. */
  readonly active: number | null;
}
