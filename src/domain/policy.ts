/** Least values by provider and number; all must be reached: `{ virustotal: { malicious: 2 }, abuseipdb: { score: 50 } }`. */
export type Rule = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Aggregate {
  /** The whole /24 is blocked when so many of its addresses are, with the new one; null: never. */
  readonly ipv4Neighbours: number | null;
  /** 64: the whole /64 of an IPv6 address is blocked, which is what one customer has; 128: the address alone. */
  readonly ipv6Length: 64 | 128;
}

/** When to block and when to ask a person. */
export interface Policy {
  /** Block when any of these rules holds. */
  readonly block: readonly Rule[];
  /** Hold when none of the above but any of these holds. */
  readonly hold: readonly Rule[];
  /** How long a block stands; infinity: without end. */
  readonly blockSeconds: number;
  /** When a block is made wider than the one address that gave the reason; never over a protected address. */
  readonly aggregate: Aggregate;
  /** How long a hold waits for a person before it lapses. */
  readonly holdSeconds: number;
  /** How long a lifted block keeps alerts from blocking the address again. */
  readonly graceSeconds: number;
  /** `sha256:` and 12 hex digits over the rules and durations. */
  readonly version: string;
}
