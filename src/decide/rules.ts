import type { Finding } from "../domain/finding.ts";
import type { Rule } from "../domain/policy.ts";
import { describeNumber, numberOf } from "./describe-finding.ts";

type Known = Extract<Finding, { status: "known" }>;

/** A rule that holds, and why. */
export interface HeldRule {
  /** `virustotal.malicious >= 2 and abuseipdb.score >= 50`. */
  readonly text: string;
  /** One sentence per number that the rule asks for. */
  readonly reasons: readonly string[];
  readonly providers: ReadonlySet<string>;
}

interface Condition {
  readonly provider: string;
  readonly number: string;
  readonly least: number;
}

/**
 * The first rule that holds. A number that is absent, or whose provider failed or does not know the address, reaches
 * nothing; so does a rule that asks for nothing.
 */
export function firstHeldRule(rules: readonly Rule[], findings: readonly Finding[]): HeldRule | undefined {
  for (const rule of rules) {
    const held = heldRule(rule, findings);
    if (held !== undefined) {
      return held;
    }
  }
  return undefined;
}

function heldRule(rule: Rule, findings: readonly Finding[]): HeldRule | undefined {
  const conditions = conditionsOf(rule);
  const reasons = conditions.map((condition) => reasonWhenReached(condition, findings));
  const reached = reasons.filter((reason) => reason !== undefined);
  const asksNothingOf = Object.values(rule).some((numbers) => Object.keys(numbers).length === 0);
  if (conditions.length === 0 || asksNothingOf || reached.length < conditions.length) {
    return undefined;
  }
  return {
    text: conditions.map(({ provider, number, least }) => `${provider}.${number} >= ${least}`).join(" and "),
    reasons: reached,
    providers: new Set(Object.keys(rule)),
  };
}

function conditionsOf(rule: Rule): readonly Condition[] {
  return Object.entries(rule).flatMap(([provider, numbers]) =>
    Object.entries(numbers).map(([number, least]) => ({ provider, number, least })),
  );
}

function reasonWhenReached(
  { provider, number, least }: Condition,
  findings: readonly Finding[],
): string | undefined {
  const known = findings.find(
    (finding): finding is Known => finding.provider === provider && finding.status === "known",
  );
  const value = known === undefined ? undefined : numberOf(known.evidence.numbers, number);
  return known !== undefined && value !== undefined && value >= least
    ? `${describeNumber(known, number)} (rule: at least ${least})`
    : undefined;
}
