import type { Condition, Policy, Rule } from "../domain/policy.ts";
import type { ProviderTerms } from "../domain/provider-terms.ts";

/** By name, each once. */
export type TermsAsked = Pick<ProviderTerms, "numbers" | "times">;

/** Which numbers and times the rules of these policies ask of one provider. */
export function termsAsked(
  policies: readonly Pick<Policy, "block" | "hold">[],
  provider: string,
): TermsAsked {
  const asked = policies
    .flatMap(({ block, hold }) => [...block, ...hold])
    .flatMap(conditionsOf)
    .filter((condition) => condition.provider === provider);
  return {
    numbers: [...new Set(asked.flatMap((one) => (one.kind === "least" ? [one.number] : [])))],
    times: [...new Set(asked.flatMap((one) => (one.kind === "within" ? [one.time] : [])))],
  };
}

/** All conditions of a rule, those of its quorum too. */
export function conditionsOf({ conditions, quorum }: Rule): readonly Condition[] {
  return [...conditions, ...(quorum?.of.flat() ?? [])];
}
