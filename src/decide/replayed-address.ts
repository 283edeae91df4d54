import type { Decision } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { BacktestItem } from "./backtest.ts";
import { cleanRecord, type OffenceRecord } from "./escalation.ts";
import { createEventCounter, type EventCounter } from "./event-counter.ts";

/** How an address stands: dropped, waiting for a person, or neither. */
export type Outcome = "blocked" | "held" | "open";

/** What a back-test remembers of one address: how it stands under the other policy, and what was known of it last. */
export interface ReplayedAddress {
  /** The newest of each provider. */
  findings: readonly Finding[];
  blockedUntil: Date | null;
  heldUntil: Date | null;
  /** Of the alert for which a person is asked. */
  heldFor: string | null;
  offences: OffenceRecord;
  /** The last hold that there really was, and what its policy had wanted. */
  realHold: { readonly alertId: string; readonly wanted: Outcome } | null;
  events: number;
  readonly counter: EventCounter;
  change: Omit<BacktestItem, "ip" | "events"> | null;
}

/** @param first the first decision about it; @param windows in which the other policy counts events, in seconds */
export function newAddress({ inputs, decidedAt }: Decision, windows: readonly number[]): ReplayedAddress {
  return {
    findings: [],
    blockedUntil: null,
    heldUntil: null,
    heldFor: null,
    // What was before the time that is replayed is common history.
    offences: inputs.offences === 0 ? cleanRecord : { level: inputs.offences, since: null, until: decidedAt },
    realHold: null,
    events: 0,
    counter: createEventCounter(windows),
    change: null,
  };
}

/** What is known of an address after these findings: a failure does not take away what was known. */
export function withFindings(known: readonly Finding[], newer: readonly Finding[]): readonly Finding[] {
  const telling = newer.filter(({ status }) => status !== "failed");
  return [
    ...known.filter(({ provider }) => !telling.some((finding) => finding.provider === provider)),
    ...telling.map(withoutFacts),
  ];
}

/** Nothing that decisions do not need: there may be many addresses. */
function withoutFacts(finding: Finding): Finding {
  return finding.status === "known"
    ? { ...finding, evidence: { ...finding.evidence, facts: [], link: "" } }
    : finding;
}
