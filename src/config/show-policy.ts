import type { Condition, HintAction, Policy, Rule, SightingsNeed } from "../domain/policy.ts";
import { durationText } from "./duration-text.ts";
import { within } from "./rule-schema.ts";

type Line = readonly [name: string, value: string];

/**
 * A policy for people, one `NAME value` per line, rules as the file writes them.
 * @param base lines that say the same of this one are left out; null: none are
 */
export function showPolicy(prefix: string, policy: Policy, base: Policy | null): readonly Line[] {
  const known = new Set(base === null ? [] : partsOf(base).map((part) => JSON.stringify(part)));
  return partsOf(policy)
    .filter((part) => !known.has(JSON.stringify(part)))
    .flat()
    .map(([name, value]) => [`${prefix}${name}`, value]);
}

/** What stands or falls together. */
function partsOf(policy: Policy): readonly (readonly Line[])[] {
  const { aggregate, unavailable } = policy;
  const [first = 0, ...steps] = policy.blockSeconds;
  return [
    rulesOf(".block", policy.block),
    rulesOf(".hold", policy.hold),
    [[".sightings", policy.sightings === null ? "none" : flow(needOf(policy.sightings))]],
    [[".duration", durationText(first)]],
    [[".escalation", steps.length === 0 ? "none" : steps.map(durationText).join(", ")]],
    [[".forgetAfter", durationText(policy.forgetSeconds)]],
    [[".hints", Object.entries(policy.hints).map(hintText).join(", ")]],
    [[".unavailable", `{ then: ${unavailable.action}, after: ${durationText(unavailable.seconds)} }`]],
    [[".useStaleFor", durationText(policy.staleSeconds)]],
    [[".aggregate.ipv4Neighbours", String(aggregate.ipv4Neighbours ?? "none")]],
    [[".aggregate.ipv6", String(aggregate.ipv6Length)]],
    [[".holdFor", durationText(policy.holdSeconds)]],
    [[".grace", durationText(policy.graceSeconds)]],
    [[" version", policy.version]],
  ];
}

function rulesOf(name: string, rules: readonly Rule[]): readonly Line[] {
  return rules.length === 0
    ? [[name, "none"]]
    : rules.map((rule, index) => [`${name}[${index}]`, flow(ruleOf(rule))]);
}

function hintText([hint, action]: readonly [string, HintAction]): string {
  return `${hint}: ${typeof action === "string" ? action : durationText(action.atMostSeconds)}`;
}

type Written = string | number | readonly Written[] | { readonly [key: string]: Written };

function ruleOf({ conditions, quorum, sightings }: Rule): Written {
  return {
    ...conditionsOf(conditions),
    ...(quorum === null ? {} : { quorum: quorum.least, of: quorum.of.map(conditionsOf) }),
    ...(sightings === null ? {} : { sightings: needOf(sightings) }),
  };
}

function conditionsOf(conditions: readonly Condition[]): Readonly<Record<string, Written>> {
  const byProvider = Object.entries(Object.groupBy(conditions, ({ provider }) => provider));
  return Object.fromEntries(
    byProvider.map(([provider, some = []]) => [provider, Object.fromEntries(some.map(conditionOf))]),
  );
}

function conditionOf(condition: Condition): readonly [key: string, value: Written] {
  return condition.kind === "least"
    ? [condition.number, condition.least]
    : [within(condition.time), durationText(condition.seconds)];
}

function needOf({ events, seconds }: SightingsNeed): Written {
  return { events, within: durationText(seconds) };
}

/** YAML on one line. Holds only words, numbers and durations, which need no quotes. */
function flow(value: Written): string {
  if (typeof value !== "object") {
    return String(value);
  }
  if (isList(value)) {
    return `[${value.map(flow).join(", ")}]`;
  }
  const entries = Object.entries(value).map(([key, one]) => `${key}: ${flow(one)}`);
  return `{ ${entries.join(", ")} }`;
}

/** `Array.isArray` does not tell a read-only list. */
function isList(value: Written): value is readonly Written[] {
  return Array.isArray(value);
}
