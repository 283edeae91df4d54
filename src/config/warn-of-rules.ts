import type { Condition, Rule } from "../domain/policy.ts";
import type { PolicySection } from "./policy-schema.ts";
import type { UnversionedPolicy } from "./read-policy.ts";
import type { Path } from "./settings-text.ts";

interface RuleWarnings {
  readonly base: UnversionedPolicy;
  /** Names of the providers and lists that can be asked. */
  readonly configured: ReadonlySet<string>;
  /** @param path of the rule within the section */
  readonly warn: (path: Path, what: string) => void;
}

/** Warns of rules of this section that can't make a difference: their provider is not there, or another rule holds first. */
export function warnOfRules({ block, hold }: PolicySection, { base, configured, warn }: RuleWarnings): void {
  for (const [list, rules] of [
    ["block", block ?? []],
    ["hold", hold ?? []],
  ] as const) {
    rules.forEach((rule, index) => {
      warnOfMissing(rule, configured, (path, what) => {
        warn([list, index, ...path], what);
      });
    });
  }
  warnOfRepeats("block", block ?? [], warn);
  warnOfRepeats("hold", hold ?? [], warn);
  const blockTexts = (block ?? base.block).map(textOf);
  (hold ?? []).forEach((rule, index) => {
    const same = blockTexts.indexOf(textOf(rule));
    if (same >= 0) {
      warn(["hold", index], `is the same as block[${same}], which holds first: nobody is ever asked`);
    }
  });
}

function warnOfRepeats(list: "block" | "hold", rules: readonly Rule[], warn: RuleWarnings["warn"]): void {
  const texts = rules.map(textOf);
  texts.forEach((text, index) => {
    if (texts.indexOf(text) < index) {
      warn([list, index], `is the same as ${list}[${texts.indexOf(text)}]`);
    }
  });
}

function warnOfMissing(
  { conditions, quorum }: Rule,
  configured: ReadonlySet<string>,
  warn: RuleWarnings["warn"],
): void {
  const missing = missingIn(conditions, configured);
  if (missing.length > 0) {
    warn([], neverHolds(missing));
    return;
  }
  const groups = (quorum?.of ?? []).map((group) => missingIn(group, configured));
  groups.forEach((names, index) => {
    if (names.length > 0) {
      warn(["of", index], neverHolds(names));
    }
  });
  const left = groups.filter((names) => names.length === 0).length;
  if (quorum !== null && left < quorum.least) {
    warn([], `never holds: it needs ${quorum.least} of its quorum, and only ${left} can hold`);
  }
}

function missingIn(conditions: readonly Condition[], configured: ReadonlySet<string>): readonly string[] {
  return [...new Set(conditions.map(({ provider }) => provider))].filter((name) => !configured.has(name));
}

function neverHolds(missing: readonly string[]): string {
  return missing.length === 1
    ? `asks ${missing.join("")}, which is not configured: it never holds`
    : `asks ${missing.join(" and ")}, which are not configured: it never holds`;
}

/** Conditions come in the order of the table of providers, so equal rules have equal texts. */
function textOf(rule: Rule): string {
  const of = rule.quorum?.of.map((group) => JSON.stringify(group)).toSorted();
  return JSON.stringify([rule.conditions, rule.quorum?.least, of, rule.sightings]);
}
