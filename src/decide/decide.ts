import { hash } from "node:crypto";
import { forever } from "../domain/block.ts";
import type { Action, Decision, Mode } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import { graceReason } from "../domain/grace.ts";
import { type IpAddress, prefixOf } from "../domain/ip-address.ts";
import type { Policy } from "../domain/policy.ts";
import type { Standing } from "../ports.ts";
import { describeFinding } from "./describe-finding.ts";
import { firstHeldRule, type HeldRule } from "./rules.ts";

export interface DecideInput {
  readonly alertId: string;
  readonly ip: IpAddress;
  /** Number of events that the alert counts. */
  readonly count: number;
  readonly findings: readonly Finding[];
  readonly policy: Policy;
  /** Names of the providers that are configured. */
  readonly providers: readonly string[];
  readonly mode: Mode;
  /** Why the address may never be blocked, or null. */
  readonly protectedReason: string | null;
  readonly standing: Standing;
  readonly now: Date;
}

interface Verdict {
  readonly action: Action;
  readonly reasons: readonly string[];
  readonly rule: string | null;
  /** Null for watch and ignore. */
  readonly seconds: number | null;
}

/**
 * What to do about one address of one alert.
 * A protected address is ignored, whatever is said about it; so is one that is blocked already. One that a person let out
 * is watched until its grace ends. Otherwise the first block rule that holds decides, then the first hold rule; an address
 * about which no rule holds, or that nobody knows, is watched. In mode `approve` what would be blocked is held for a person.
 */
export function decide(input: DecideInput): Decision {
  const { alertId, ip, findings, policy, mode, now } = input;
  const { action, reasons, rule, seconds } = settledVerdict(input) ?? ruledVerdict(input);
  return {
    id: decisionId(alertId, ip),
    alertId,
    ip,
    action,
    reasons,
    rule,
    policyVersion: policy.version,
    mode,
    findings,
    actor: "policy",
    decidedAt: now,
    expiresAt: seconds === null ? null : endOf(now, seconds),
  };
}

function endOf(now: Date, seconds: number): Date {
  return seconds === Number.POSITIVE_INFINITY ? forever : new Date(now.getTime() + seconds * 1000);
}

function decisionId(alertId: string, ip: IpAddress): string {
  return `de_${hash("sha256", JSON.stringify([alertId, ip]), "hex").slice(0, 32)}`;
}

/** What is clear without looking at the findings. */
function settledVerdict({ ip, protectedReason, standing, now }: DecideInput): Verdict | undefined {
  if (protectedReason !== null) {
    return without("ignore", [`protected: ${protectedReason}`]);
  }
  const { block, graceUntil, letOut = prefixOf(ip) } = standing;
  if (block !== null && block.expiresAt > now) {
    return without("ignore", [
      block.expiresAt >= forever
        ? "already blocked without end"
        : `already blocked until ${block.expiresAt.toISOString()}`,
    ]);
  }
  if (graceUntil !== null && graceUntil > now) {
    return without("watch", [graceReason(prefixOf(ip), { prefix: letOut, until: graceUntil })]);
  }
  return undefined;
}

function ruledVerdict(input: DecideInput): Verdict {
  const { findings, policy, providers, mode } = input;
  const block = firstHeldRule(policy.block, findings);
  if (block !== undefined) {
    const reasons = reasonsOf(block, input);
    return mode === "approve"
      ? held(input, { ...block, reasons: [...reasons, "mode approve: a person must approve this block"] })
      : { action: "block", reasons, rule: block.text, seconds: policy.blockSeconds };
  }
  const hold = firstHeldRule(policy.hold, findings);
  if (hold !== undefined) {
    return held(input, { ...hold, reasons: reasonsOf(hold, input) });
  }
  if (providers.length === 0) {
    return without("watch", ["no provider is configured: without a provider's key nothing can be confirmed"]);
  }
  return without("watch", ["no rule holds", ...findings.map(describeFinding)]);
}

function held({ policy, standing, now }: DecideInput, { reasons, text }: HeldRule): Verdict {
  const { heldUntil } = standing;
  return heldUntil !== null && heldUntil > now
    ? without("ignore", [`already held for a person until ${heldUntil.toISOString()}`])
    : { action: "hold", reasons, rule: text, seconds: policy.holdSeconds };
}

/** First what the rule asked for, then what the other providers say, then how often it was seen. */
function reasonsOf(rule: HeldRule, { findings, count }: DecideInput): readonly string[] {
  const others = findings.filter(({ provider }) => !rule.providers.has(provider)).map(describeFinding);
  return [...rule.reasons, ...others, `Splunk counted ${count} ${count === 1 ? "event" : "events"}`];
}

function without(action: "watch" | "ignore", reasons: readonly string[]): Verdict {
  return { action, reasons, rule: null, seconds: null };
}
