import type { Action, DecisionInputs, HoldCause, Mode } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { Policy } from "../domain/policy.ts";
import { describeFinding, titleOf } from "./describe-finding.ts";
import { blockTime, type OffenceRecord } from "./escalation.ts";
import { type Facts, judgeRule } from "./judge-rule.ts";
import { plural } from "./plural.ts";
import { firstHeldRule, type HeldRule } from "./rules.ts";
import { describeUnmetNeed, isSeenEnough } from "./sightings-need.ts";
import { sortFindings } from "./sort-findings.ts";
import { spanText } from "./span.ts";
import { type Objection, weighHints } from "./weigh-hints.ts";

/** What is to be done, and why. */
export interface Verdict {
  readonly action: Action;
  /** Null unless it is a hold. */
  readonly holdCause: HoldCause | null;
  readonly reasons: readonly string[];
  readonly rule: string | null;
  /** How long a block or hold stands; infinity: without end; null for watch and ignore. */
  readonly seconds: number | null;
}

export interface VerdictInput {
  readonly findings: readonly Finding[];
  readonly policy: Policy;
  /** Those that are configured. */
  readonly providers: readonly { readonly name: string }[];
  readonly mode: Mode;
  readonly offences: OffenceRecord;
  readonly inputs: Pick<DecisionInputs, "activity" | "count" | "missing">;
  /** Nobody is waited for any more. */
  readonly isFinal: boolean;
  readonly now: Date;
}

interface Case extends VerdictInput {
  readonly facts: Facts;
  readonly objection: Objection | null;
}

/**
 * What a policy wants to be done about an address that is neither protected nor blocked nor let out. The first block rule that holds
 * counts, else the first hold rule. Too few events and hints to watch keep both from acting; a hint to hold, and mode `approve`, make a
 * hold of a block. The order of findings makes no difference.
 */
export function judge(input: VerdictInput): Verdict {
  const { policy, providers, inputs, now } = input;
  const findings = sortFindings(input.findings, providers);
  const facts = { findings, activity: inputs.activity, now };
  const one: Case = { ...input, findings, facts, objection: weighHints(findings, policy.hints) };

  const block = firstHeldRule(policy.block, { ...facts, isForBlock: true });
  const rule = block ?? firstHeldRule(policy.hold, facts);
  if (rule === undefined) {
    return withoutRule(one);
  }
  const obstacle = obstacleTo(one);
  if (obstacle !== null) {
    return { ...watch([...obstacle, ...reasonsOf(rule, one)]), rule: rule.text };
  }
  return block === undefined ? held(one, rule, "rule", reasonsOf(rule, one)) : blocked(one, block);
}

/** Why nothing is done although a rule holds; null: nothing stands in the way. */
function obstacleTo({ policy, facts, objection }: Case): readonly string[] | null {
  if (policy.sightings !== null && !isSeenEnough(policy.sightings, facts.activity)) {
    return [describeUnmetNeed(policy.sightings, facts.activity)];
  }
  return objection?.action === "watch" ? objection.reasons : null;
}

function blocked(one: Case, rule: HeldRule): Verdict {
  const { policy, mode, offences, objection, now } = one;
  const reasons = reasonsOf(rule, one);
  if (objection?.action === "hold") {
    return held(one, rule, "hint", [...objection.reasons, ...reasons]);
  }
  const time = blockTime(offences, policy, now);
  const most =
    typeof objection?.action === "object" ? objection.action.atMostSeconds : Number.POSITIVE_INFINITY;
  const isCapped = most < time.seconds;
  const timeReasons = [
    ...(time.reason === null ? [] : [time.reason]),
    ...(isCapped ? (objection?.reasons ?? []) : []),
  ];
  const all = [...reasons, ...timeReasons];
  return mode === "approve"
    ? held(one, rule, "approve", [...all, "mode approve: a person must approve this block"])
    : {
        action: "block",
        holdCause: null,
        reasons: all,
        rule: rule.text,
        seconds: Math.min(most, time.seconds),
      };
}

function withoutRule(one: Case): Verdict {
  const { findings, providers, policy, inputs, isFinal } = one;
  const said = findings.map(describeFinding);
  const unasked = inputs.missing.filter((name) => !hasFailed(name, one));
  const silent = unasked.map((provider) => `${titleOf(provider)}: could not be asked`);
  if (isFinal && policy.unavailable.action === "hold" && couldBeBlock(one)) {
    const failed = inputs.missing.filter((name) => hasFailed(name, one));
    const why = [
      ...sentence(unasked, `could not be asked for ${spanText(policy.unavailable.seconds)}`),
      ...sentence(failed, "gave no answer that can be used"),
    ];
    return held(one, null, "provider", [`${why.join(", and ")}: a person must decide`, ...said]);
  }
  return providers.length === 0 && findings.length === 0
    ? watch(["no provider is configured: without a provider's key nothing can be confirmed"])
    : watch(["no rule holds", ...said, ...silent]);
}

/** It was asked, but not one answer about this address could be used. */
function hasFailed(name: string, { findings }: Case): boolean {
  return findings.some(({ provider, status }) => provider === name && status === "failed");
}

function sentence(names: readonly string[], said: string): readonly string[] {
  return names.length === 0 ? [] : [`${names.map(titleOf).join(" and ")} ${said}`];
}

/** True when the answers of those that could not be asked might have made it a block. */
function couldBeBlock(one: Case): boolean {
  const { policy, facts, inputs } = one;
  const mayTell = ({ provider }: { readonly provider: string }) => inputs.missing.includes(provider);
  return (
    obstacleTo(one) === null &&
    policy.block.some((rule) => judgeRule(rule, { ...facts, isForBlock: true }, mayTell).state === "open")
  );
}

function held(
  { policy }: Case,
  rule: HeldRule | null,
  cause: HoldCause,
  reasons: readonly string[],
): Verdict {
  return {
    action: "hold",
    holdCause: cause,
    reasons,
    rule: rule?.text ?? null,
    seconds: policy.holdSeconds,
  };
}

function watch(reasons: readonly string[]): Verdict {
  return { action: "watch", holdCause: null, reasons, rule: null, seconds: null };
}

/** First what the rule asked for, then what the other providers say, then how often it was seen. */
function reasonsOf(rule: HeldRule, { findings, inputs }: Case): readonly string[] {
  const others = findings.filter(({ provider }) => !rule.providers.has(provider)).map(describeFinding);
  return [...rule.reasons, ...others, `Splunk counted ${plural(inputs.count, "event")}`];
}
