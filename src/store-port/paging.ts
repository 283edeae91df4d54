/** How rows are claimed, listed and changed by hand. Types only; imported through `ports.ts`. */

/** Rows that wait are claimed for a while; when the claimer dies, the lease ends and another takes them. */
export interface Claim {
  readonly holder: string;
  readonly limit: number;
  readonly now: Date;
  readonly leaseMs: number;
}

/** A page of a list, newest first. A cursor that is none of ours throws a RangeError. */
export interface PageWanted {
  readonly limit: number;
  readonly cursor: string | null;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Names the next page; null on the last. */
  readonly next: string | null;
}

/** Who did something by hand. */
export interface Act {
  readonly actor: string;
  readonly reason: string;
  readonly now: Date;
}
