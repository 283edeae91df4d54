import type { Rule } from "../domain/policy.ts";
import { conditionText } from "./conditions.ts";
import { type Facts, judgeRule } from "./judge-rule.ts";
import { needText } from "./sightings-need.ts";

/** A rule that holds, and why. */
export interface HeldRule {
  /** `virustotal.malicious >= 2 and abuseipdb.score >= 50`. */
  readonly text: string;
  /** One sentence per condition that is met. */
  readonly reasons: readonly string[];
  /** Those whose findings it is about. */
  readonly providers: ReadonlySet<string>;
}

/**
 * The first rule that holds. A number that is absent, or whose provider failed or does not know the address, reaches
 * nothing; so does a rule that asks nothing of any provider. For a block rule the facts must say that they are for one.
 */
export function firstHeldRule(rules: readonly Rule[], facts: Facts): HeldRule | undefined {
  for (const rule of rules) {
    const { state, reasons, accusers } = judgeRule(rule, facts, nobodyTells);
    if (state === "held") {
      return { text: ruleText(rule), reasons, providers: accusers };
    }
  }
  return undefined;
}

/** `virustotal.malicious >= 2 and 2 of (abuseipdb.score >= 50; greynoise.malicious >= 1) and 20 events within 10m` */
function ruleText({ conditions, quorum, sightings }: Rule): string {
  const groups = quorum?.of.map((group) => group.map(conditionText).join(" and ")).join("; ");
  return [
    ...conditions.map(conditionText),
    ...(quorum === null ? [] : [`${quorum.least} of (${groups})`]),
    ...(sightings === null ? [] : [needText(sightings)]),
  ].join(" and ");
}

const nobodyTells = (): boolean => false;
