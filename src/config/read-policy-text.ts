import type { Policy } from "../domain/policy.ts";
import { sectionNames } from "./file-schema.ts";
import { policyKeys, PolicySection } from "./policy-schema.ts";
import { createProblems } from "./problems.ts";
import { readPolicy, type UnversionedPolicy } from "./read-policy.ts";
import { readSettingsText } from "./settings-text.ts";

/**
 * A policy that is not in force, to compare with. The text is a whole `portcullis.yaml`, of which only the section `policy` is read, or the
 * keys of a policy alone.
 * @param options base: what the text does not name; name: of the file, for the places; default is `policy`
 * @returns each problem is one line with its place `name:line:col`, never with a value
 */
export function readPolicyText(
  yaml: string,
  {
    base,
    versionOf,
    name = "policy",
  }: {
    readonly base: UnversionedPolicy;
    readonly versionOf: (policy: UnversionedPolicy) => string;
    readonly name?: string;
  },
): { readonly policy: Policy } | { readonly problems: readonly string[] } {
  const problems = createProblems();
  const expected = `expected a settings file with a section policy, or the keys of a policy: ${policyKeys.join(", ")}`;
  const text = readSettingsText(yaml, { name, expected, problems });
  const isWhole = text.keys.some((key) => sectionNames.some((section) => section === key));
  if (isWhole) {
    text.expectKeys(sectionNames);
  }
  const section = (isWhole ? text.section("policy", PolicySection) : text.whole(PolicySection)) ?? {};
  const policy = readPolicy(section, {
    base,
    versionOf,
    refuse(path, what) {
      problems.add(text.where(isWhole ? ["policy", ...path] : path), what);
    },
  });
  return problems.any ? { problems: problems.lines } : { policy };
}
