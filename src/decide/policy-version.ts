import { hash } from "node:crypto";
import type { Condition, Policy, Rule } from "../domain/policy.ts";

type Content = Omit<Policy, "version">;

/**
 * `sha256:` and 12 hex digits over everything in a policy; the order in which a rule names its conditions, or a quorum its groups, makes
 * no difference.
 */
export function policyVersion(policy: Content): string {
  const content: Record<keyof Content, unknown> = {
    block: policy.block.map(canonicalRule),
    hold: policy.hold.map(canonicalRule),
    sightings: policy.sightings,
    hints: policy.hints,
    blockSeconds: policy.blockSeconds,
    forgetSeconds: policy.forgetSeconds,
    aggregate: policy.aggregate,
    holdSeconds: policy.holdSeconds,
    graceSeconds: policy.graceSeconds,
    unavailable: policy.unavailable,
    staleSeconds: policy.staleSeconds,
  };
  return `sha256:${hash("sha256", canonicalJson(content), "hex").slice(0, 12)}`;
}

function canonicalRule({ conditions, quorum, sightings }: Rule): unknown {
  return {
    conditions: canonicalGroup(conditions),
    quorum: quorum && { least: quorum.least, of: quorum.of.map(canonicalGroup).toSorted() },
    sightings,
  };
}

function canonicalGroup(conditions: readonly Condition[]): string {
  return conditions.map(canonicalJson).toSorted().join();
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonicalJson(one)}`).join(",")}}`;
  }
  // JSON has no word for infinity.
  return value === Number.POSITIVE_INFINITY ? "permanent" : JSON.stringify(value);
}
