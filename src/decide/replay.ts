import type { Activity, Decision } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { Policy } from "../domain/policy.ts";
import { knownProviders } from "../domain/provider-terms.ts";
import type { PastDecision } from "../ports.ts";
import type { BacktestChange } from "./backtest.ts";
import { endOf } from "./decide.ts";
import { forgotten, withOffence } from "./escalation.ts";
import { openProviders } from "./open-providers.ts";
import { type Outcome, type ReplayedAddress, withFindings } from "./replayed-address.ts";
import { alreadyHeld, settledVerdict } from "./settled-verdict.ts";
import { conditionsOf, termsAsked } from "./terms-asked.ts";
import { judge, type Verdict } from "./verdict.ts";
import { windowsOf } from "./windows-of.ts";

export interface ReplayOptions {
  readonly policy: Policy;
  /** Why the address may never be blocked, or null. */
  readonly protectedReason: string | null;
}

export interface Replayed {
  readonly verdict: Verdict;
  readonly change: BacktestChange | "same";
}

/**
 * Decides once more what was decided, by another policy; the address stands then as this policy would have it.
 * @returns null for what is the same under any policy
 */
export function replay(
  past: PastDecision,
  address: ReplayedAddress,
  options: ReplayOptions,
): Replayed | null {
  const { decision } = past;
  if (decision.actor !== "policy") {
    replayByHand(decision, address);
    return null;
  }
  const was = outcomeOf(decision, address);
  if (decision.action === "hold") {
    address.realHold = { alertId: decision.alertId, wanted: was };
  }
  if (isLetOut(decision)) {
    address.blockedUntil = null;
    address.heldUntil = null;
    return null;
  }

  const findings = decision.findings.length > 0 ? decision.findings : address.findings;
  address.findings = withFindings(address.findings, decision.findings);
  const { verdict, would, isSettled } = verdictOf(past, address, findings, options);
  const isUnclear = !isSettled && would !== "blocked" && isUnheard(past, address, findings, options);
  if (isUnclear && decision.policyVersion === options.policy.version) {
    return null; // it has decided so itself, whatever was stored
  }
  apply(verdict, decision, address, options.policy);
  return { verdict, change: isUnclear ? "unclear" : changeOf(was, would) };
}

/** A person's block stands under any policy, unless he was asked only because of one: then where this one asks him too. */
function replayByHand({ action, alertId, decidedAt, expiresAt }: Decision, address: ReplayedAddress): void {
  const isAnswer = address.realHold?.alertId === alertId;
  if (action !== "block" || expiresAt === null || (isAnswer && address.heldFor !== alertId)) {
    return;
  }
  address.blockedUntil = expiresAt;
  address.heldUntil = null;
  address.heldFor = null;
  // Whatever is forgotten by then is so whichever policy asks.
  address.offences = withOffence(
    address.offences,
    { from: decidedAt, until: expiresAt },
    Number.POSITIVE_INFINITY,
  );
}

/** How an address stood after a decision. What only a limit, a pause or the want of a confirmation held back had been wanted as a block. */
function outcomeOf(decision: Decision, { realHold }: ReplayedAddress): Outcome {
  const { action, holdCause } = decision;
  if (action === "hold") {
    return isBlockOf(holdCause) ? "blocked" : "held";
  }
  if (action === "block" || saysAlready("blocked", decision)) {
    return "blocked";
  }
  return saysAlready("held", decision) ? (realHold?.wanted ?? "held") : "open";
}

function isBlockOf(cause: Decision["holdCause"]): boolean {
  return cause === "limit" || cause === "paused" || cause === "unconfirmed";
}

function saysAlready(what: "blocked" | "held", { action, reasons }: Decision): boolean {
  return action === "ignore" && reasons.some((reason) => reason.startsWith(`already ${what}`));
}

/** A person has let it out or put it on the allow-list, or it was protected: that would be so under any policy. */
function isLetOut(decision: Decision): boolean {
  const { action, reasons } = decision;
  return action === "ignore"
    ? !saysAlready("blocked", decision) && !saysAlready("held", decision)
    : action === "watch" && reasons.some((reason) => reason.startsWith("a person lifted "));
}

interface Wanted {
  readonly verdict: Verdict;
  /** How the address stands then. */
  readonly would: Outcome;
  /** No finding was looked at. */
  readonly isSettled: boolean;
}

function verdictOf(
  { decision }: PastDecision,
  address: ReplayedAddress,
  findings: readonly Finding[],
  { policy, protectedReason }: ReplayOptions,
): Wanted {
  const { ip, mode, inputs, decidedAt: now } = decision;
  const { blockedUntil, heldUntil } = address;
  const settled = settledVerdict({ ip, protectedReason, standing: { blockedUntil, graceUntil: null }, now });
  if (settled !== undefined) {
    return { verdict: settled, would: protectedReason === null ? "blocked" : "open", isSettled: true };
  }
  const verdict = judge({
    findings,
    policy,
    providers: Object.values(knownProviders),
    mode,
    offences: forgotten(address.offences, policy.forgetSeconds, now),
    inputs: { ...inputs, activity: activityOf(decision, address, policy) },
    isFinal: true,
    now,
  });
  const isHeld = verdict.action === "hold" && heldUntil !== null && heldUntil > now;
  const would = verdict.action === "block" ? "blocked" : verdict.action === "hold" ? "held" : "open";
  return { verdict: isHeld ? alreadyHeld(heldUntil) : verdict, would, isSettled: false };
}

/** As it was counted then; in a window that nobody counted in, what has been replayed. */
function activityOf(
  { inputs, decidedAt }: Decision,
  { counter }: ReplayedAddress,
  policy: Policy,
): readonly Activity[] {
  return windowsOf([policy]).map(
    (seconds) =>
      inputs.activity.find((one) => one.seconds === seconds) ?? {
        seconds,
        events: counter.within(seconds, decidedAt),
      },
  );
}

/** True when a rule asks for something of which nothing is stored, and which might change the outcome. */
function isUnheard(
  { decision }: PastDecision,
  address: ReplayedAddress,
  findings: readonly Finding[],
  { policy }: ReplayOptions,
): boolean {
  const named = new Set(
    [...policy.block, ...policy.hold].flatMap(conditionsOf).map(({ provider }) => provider),
  );
  const providers = [...named]
    .filter((name) => !decision.inputs.missing.includes(name))
    // It was asked then, and this is what came of it.
    .filter((name) => !findings.some(({ provider, status }) => provider === name && status === "failed"))
    .map((name) => ({ name, terms: termsAsked([policy], name), isOptional: false }));
  const activity = activityOf(decision, address, policy);
  return openProviders({ policy, providers, findings, activity, now: decision.decidedAt }).open.length > 0;
}

function apply(verdict: Verdict, decision: Decision, address: ReplayedAddress, policy: Policy): void {
  const { decidedAt: from, alertId } = decision;
  const until = endOf(from, verdict.seconds ?? 0);
  if (verdict.action === "block") {
    address.offences = withOffence(address.offences, { from, until }, policy.forgetSeconds);
    address.blockedUntil = until;
    address.heldUntil = null;
    address.heldFor = null;
  } else if (verdict.action === "hold") {
    address.heldUntil = until;
    address.heldFor = alertId;
  }
}

function changeOf(was: Outcome, would: Outcome): Replayed["change"] {
  if (was === would) {
    return "same";
  }
  if (would === "open") {
    return was === "blocked" ? "freed" : "released-from-hold";
  }
  return would === "blocked" ? "newly-blocked" : "held";
}
