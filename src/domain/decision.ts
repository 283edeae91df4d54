import type { Finding } from "./finding.ts";
import type { IpAddress } from "./ip-address.ts";
import type { Severity } from "./severity.ts";

/** What Portcullis may do, the most cautious first: `observe` blocks nobody; in `approve` every block waits for a person. */
export const modes = ["observe", "approve", "enforce"] as const;
export type Mode = (typeof modes)[number];

export function isMoreCautious(mode: Mode, than: Mode): boolean {
  return modes.indexOf(mode) < modes.indexOf(than);
}

/** A block is either in force or only on record. */
export type BlockMode = "observe" | "enforce";

/** In which mode a block is that was decided in this one: what a person approves is enforced. */
export function blockModeOf(mode: Mode): BlockMode {
  return mode === "observe" ? "observe" : "enforce";
}

/** `block` drops it, `hold` waits for a person, `watch` remembers it, `ignore` does nothing. */
export type Action = "block" | "hold" | "watch" | "ignore";

/**
 * Why a person is asked: a hold rule holds; a hint speaks against the block; mode `approve`; a provider could not be asked; there were
 * too many new blocks (`limit`); new blocks are paused; Splunk has not confirmed that the alert is genuine.
 */
export const holdCauses = ["rule", "hint", "approve", "provider", "limit", "paused", "unconfirmed"] as const;
export type HoldCause = (typeof holdCauses)[number];

/** How many events there were in the last `seconds`, over all alerts. */
export interface Activity {
  readonly seconds: number;
  readonly events: number;
}

/** What a decision was made of, beside the findings. */
export interface DecisionInputs {
  readonly searchName: string | null;
  readonly severity: Severity;
  /** Number of events that the alert counts. */
  readonly count: number;
  /** One for each window that the policy asks about. */
  readonly activity: readonly Activity[];
  /** Earlier blocks that still count. */
  readonly offences: number;
  /** Providers that could not be asked. */
  readonly missing: readonly string[];
  /** The mode that the alert asks for; absent: it asks for none that is more cautious than the receiver's. */
  readonly askedMode?: Mode;
}

/** What another policy would have done, when it is something else. */
export interface ShadowDecision {
  readonly action: Action;
  readonly reasons: readonly string[];
  readonly rule: string | null;
  readonly policyVersion: string;
}

/** What was decided about one address of one alert, with everything needed to explain it. */
export interface Decision {
  /** `de_` and 32 hex digits, derived from alert and address: one decision per alert and address; a person's has one of its own. */
  readonly id: string;
  readonly alertId: string;
  readonly ip: IpAddress;
  readonly action: Action;
  /** Null unless it is a hold. */
  readonly holdCause: HoldCause | null;
  /** Sentences with numbers. May quote text from outside: escape it. */
  readonly reasons: readonly string[];
  /** The rule that held, as text; null when none did. */
  readonly rule: string | null;
  /** `sha256:` and 12 hex digits over the policy that decided. */
  readonly policyVersion: string;
  readonly mode: Mode;
  readonly findings: readonly Finding[];
  readonly inputs: DecisionInputs;
  /** Null when there is no shadow policy, or it agrees. */
  readonly shadow: ShadowDecision | null;
  /** `policy`, or who decided by hand. */
  readonly actor: string;
  readonly decidedAt: Date;
  /** When a block or hold ends; null for watch and ignore. */
  readonly expiresAt: Date | null;
}
