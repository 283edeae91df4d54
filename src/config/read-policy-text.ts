import type { Policy } from "../domain/policy.ts";
import type { SearchRule, SearchSettings } from "./config.ts";
import { SearchItem, sectionNames } from "./file-schema.ts";
import { policyKeys, PolicySection } from "./policy-schema.ts";
import { createProblems } from "./problems.ts";
import { readPolicy, type UnversionedPolicy } from "./read-policy.ts";
import { searchRule } from "./read-searches.ts";
import { type Path, readSettingsText, type SettingsText } from "./settings-text.ts";

/** A policy that is not in force, with the searches that differ from it. */
export interface PolicyText {
  readonly policy: Policy;
  /** Each policy is what the search says of it, on top of the one above. */
  readonly searches: readonly SearchRule[];
}

export interface PolicyTextOptions {
  /** What the text does not name. */
  readonly base: UnversionedPolicy;
  /** The searches in force, for a text that has no `searches`. */
  readonly searches: readonly SearchSettings[];
  readonly versionOf: (policy: UnversionedPolicy) => string;
  /** Of the file, for the places. Default is `policy`. */
  readonly name?: string;
}

/**
 * A policy that is not in force, to compare with. The text is a whole `portcullis.yaml`, of which only the sections `policy` and
 * `searches` are read, or the keys of a policy alone.
 * @returns each problem is one line with its place `name:line:col`, never with a value
 */
export function readPolicyText(
  yaml: string,
  { base, searches, versionOf, name = "policy" }: PolicyTextOptions,
): PolicyText | { readonly problems: readonly string[] } {
  const problems = createProblems();
  const expected = `expected a settings file with a section policy, or the keys of a policy: ${policyKeys.join(", ")}`;
  const text = readSettingsText(yaml, { name, expected, problems });
  const isWhole = text.keys.some((key) => sectionNames.some((section) => section === key));
  if (isWhole) {
    text.expectKeys(sectionNames);
  }
  const section = (isWhole ? text.section("policy", PolicySection) : text.whole(PolicySection)) ?? {};
  const read: Read = (own, under, whereOf) =>
    readPolicy(own, {
      base: under,
      versionOf,
      refuse(path, what) {
        problems.add(whereOf(path), what);
      },
    });
  const policy = read(section, base, (path) => text.where(isWhole ? ["policy", ...path] : path));
  const others = text.keys.includes("searches")
    ? searchesOf(text, policy, read)
    : searchesInForce(searches, policy, read);
  return problems.any ? { problems: problems.lines } : { policy, searches: others };
}

/** @param whereOf tells where a place within the section is */
type Read = (
  section: PolicySection,
  base: Policy | UnversionedPolicy,
  whereOf: (path: Path) => string,
) => Policy;

function searchesOf(text: SettingsText, policy: Policy, read: Read): readonly SearchRule[] {
  return text.items("searches", SearchItem).map(({ item, index }) => {
    const whereOf = (path: Path): string => text.where(["searches", index, "policy", ...path]);
    return searchRule(item, item.policy === undefined ? null : read(item.policy, policy, whereOf));
  });
}

/** What is in force differs from the live policy; here it differs from the other one by the same words. */
function searchesInForce(
  searches: readonly SearchSettings[],
  policy: Policy,
  read: Read,
): readonly SearchRule[] {
  return searches.map(({ policySection, expectSeconds: _expected, ...search }, index) => {
    const whereOf = (path: Path): string => {
      const within = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
      return `searches[${index}].policy${within} of the settings in force, on top of this policy`;
    };
    return policySection === null ? search : { ...search, policy: read(policySection, policy, whereOf) };
  });
}
