import type { Policy } from "../domain/policy.ts";

/** A policy as JSON, for people and for the record. Infinity, which JSON has no word for, is `permanent`. */
export function policyText(policy: Policy): string {
  return JSON.stringify(policy, (_key, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? "permanent" : value,
  );
}
