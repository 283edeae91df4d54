import type { Finding } from "../domain/finding.ts";
import type { Condition } from "../domain/policy.ts";
import { describeNumber, describeTime, ownValue } from "./describe-finding.ts";
import { compareWeights } from "./sort-findings.ts";
import { spanText } from "./span.ts";

type Known = Extract<Finding, { status: "known" }>;

/** `open`: nobody knows, and its provider may still tell. `unmet` is also what nobody knows and nobody will tell. */
export type ConditionJudgement =
  | { readonly state: "met"; readonly reason: string }
  | { readonly state: "open" }
  | { readonly state: "unmet" };

/** Whether the provider may still tell what the condition asks for. */
export type MayTell = (condition: Condition) => boolean;

/** A time may lie so far ahead of ours, because clocks differ. */
const clockDifferenceMs = 86_400_000;

/** `isForBlock`: of what the look-up of a whole network says, only that a condition is not met counts. */
export interface ConditionFacts {
  readonly findings: readonly Finding[];
  readonly now: Date;
  readonly isForBlock?: boolean;
}

/**
 * Whether the findings meet a condition. A number or time that is absent, or whose provider failed or does not know the address,
 * meets nothing.
 */
export function judgeCondition(
  condition: Condition,
  { findings, now, isForBlock = false }: ConditionFacts,
  mayTell: MayTell,
): ConditionJudgement {
  const known = mostTelling(condition, findings);
  if (known !== undefined && !isMet(condition, known, now)) {
    return { state: "unmet" };
  }
  if (known === undefined || (isForBlock && known.evidence.isFromNetwork === true)) {
    return mayTell(condition) ? { state: "open" } : { state: "unmet" };
  }
  return { state: "met", reason: reasonOf(condition, known) };
}

/** `virustotal.malicious >= 2`, `abuseipdb.reported within 7d` */
export function conditionText(condition: Condition): string {
  return condition.kind === "least"
    ? `${condition.provider}.${condition.number} >= ${condition.least}`
    : `${condition.provider}.${condition.time} within ${spanText(condition.seconds)}`;
}

/** The finding that counts where a provider has several: a list may say less than the provider itself. */
function mostTelling(condition: Condition, findings: readonly Finding[]): Known | undefined {
  const telling = findings.filter(
    (finding): finding is Known =>
      finding.provider === condition.provider && finding.status === "known" && tells(finding, condition),
  );
  return telling.length > 1 ? telling.toSorted(compareTellings)[0] : telling[0];
}

/** A list counts before the look-up of a whole network. */
function compareTellings(a: Known, b: Known): number {
  return (
    Number(a.evidence.isFromNetwork === true) - Number(b.evidence.isFromNetwork === true) ||
    compareWeights(a, b)
  );
}

function tells({ evidence }: Known, condition: Condition): boolean {
  return condition.kind === "least"
    ? Object.hasOwn(evidence.numbers, condition.number)
    : Object.hasOwn(evidence.times, condition.time);
}

function isMet(condition: Condition, { evidence }: Known, now: Date): boolean {
  if (condition.kind === "least") {
    const value = ownValue(evidence.numbers, condition.number);
    return value !== undefined && value >= condition.least;
  }
  const at = ownValue(evidence.times, condition.time);
  const ageMs = now.getTime() - (at?.getTime() ?? Number.NaN);
  return ageMs <= condition.seconds * 1000 && ageMs >= -clockDifferenceMs;
}

function reasonOf(condition: Condition, known: Known): string {
  return condition.kind === "least"
    ? `${describeNumber(known, condition.number)} (rule: at least ${condition.least})`
    : `${describeTime(known, condition.time)} (rule: within ${spanText(condition.seconds)})`;
}
