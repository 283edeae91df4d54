import { hash } from "node:crypto";
import type { Policy } from "../domain/policy.ts";

/** `sha256:` and 12 hex digits over rules, durations and aggregation; the order in which a rule names providers makes no difference. */
export function policyVersion(policy: Omit<Policy, "version">): string {
  const { block, hold, aggregate, blockSeconds, holdSeconds, graceSeconds } = policy;
  const text = canonicalJson({ block, hold, aggregate, blockSeconds, holdSeconds, graceSeconds });
  return `sha256:${hash("sha256", text, "hex").slice(0, 12)}`;
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
