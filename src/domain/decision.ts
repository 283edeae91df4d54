import type { Finding } from "./finding.ts";
import type { IpAddress } from "./ip-address.ts";

/** What Portcullis may do: only `enforce` touches a firewall; in `approve` every block waits for a person. */
export type Mode = "observe" | "approve" | "enforce";

/** `block` drops it, `hold` waits for a person, `watch` remembers it, `ignore` does nothing. */
export type Action = "block" | "hold" | "watch" | "ignore";

/** What was decided about one address of one alert, with everything needed to explain it. */
export interface Decision {
  /** `de_` and 32 hex digits, derived from alert and address: one decision per alert and address. */
  readonly id: string;
  readonly alertId: string;
  readonly ip: IpAddress;
  readonly action: Action;
  /** Sentences with numbers. May quote text from outside: escape it. */
  readonly reasons: readonly string[];
  /** The rule that held, as text; null when none did. */
  readonly rule: string | null;
  /** `sha256:` and 12 hex digits over the policy that decided. */
  readonly policyVersion: string;
  readonly mode: Mode;
  readonly findings: readonly Finding[];
  /** `policy`, or who decided by hand. */
  readonly actor: string;
  readonly decidedAt: Date;
  /** When a block or hold ends; null for watch and ignore. */
  readonly expiresAt: Date | null;
}
