/** Least values by provider and number; all must be reached: `{ virustotal: { malicious: 2 }, abuseipdb: { score: 50 } }`. */
export type Rule = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** When to block and when to ask a person. */
export interface Policy {
  /** Block when any of these rules holds. */
  readonly block: readonly Rule[];
  /** Hold when none of the above but any of these holds. */
  readonly hold: readonly Rule[];
  /** How long a block stands. */
  readonly blockSeconds: number;
  /** How long a hold waits for a person before it lapses. */
  readonly holdSeconds: number;
  /** How long a lifted block keeps alerts from blocking the address again. */
  readonly graceSeconds: number;
  /** `sha256:` and 12 hex digits over the rules and durations. */
  readonly version: string;
}
