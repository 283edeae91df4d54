import { createPattern } from "../domain/pattern.ts";
import type { Policy } from "../domain/policy.ts";
import type { FirewallConfig, SearchRule, SearchSettings } from "./config.ts";
import { closest } from "./closest.ts";
import { SearchItem } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import type { PolicyReader } from "./read-policies.ts";
import type { UnversionedPolicy } from "./read-policy.ts";
import type { SettingsFile } from "./settings-file.ts";

interface SearchSources {
  readonly firewalls: readonly FirewallConfig[];
  /** What a search's own policy does not name. */
  readonly policy: UnversionedPolicy;
  readonly policies: PolicyReader;
  readonly problems: Problems;
  readonly warn: (line: string) => void;
}

/** What is different for some searches. Every group has a firewall. */
export function readSearches(file: SettingsFile, sources: SearchSources): readonly SearchSettings[] {
  const known = [...new Set(sources.firewalls.flatMap(({ groups }) => groups))];
  const items = file.items("searches", SearchItem);
  items.forEach(({ item, where, index }, place) => {
    for (const group of item.groups ?? []) {
      if (!known.includes(group)) {
        sources.problems.add(where, `no firewall has the group ${group}; ${hint(group, known)}`);
      }
    }
    // A star of this name can only be met by a star of the other, so the other fits whatever this one does.
    const earlier = items.slice(0, place).find((one) => createPattern(one.item.name)(item.name));
    if (earlier !== undefined) {
      const other = `searches[${earlier.index}]`;
      sources.warn(`${file.where(["searches", index])}: has no effect: ${other} fits all that it does`);
    }
  });
  return items.map(({ item, index }) => searchSettings(item, index, sources));
}

function searchSettings(
  item: SearchItem,
  index: number,
  { policy, policies }: SearchSources,
): SearchSettings {
  const policySection = item.policy ?? null;
  const own = policySection && policies.read(policySection, ["searches", index, "policy"], policy);
  return { ...searchRule(item, own), policySection, expectSeconds: item.expectEvery ?? null };
}

/** @param policy its own; null: none */
export function searchRule(item: SearchItem, policy: Policy | null): SearchRule {
  const { name, mode = null, severity = null, fields = null } = item;
  const groups = item.groups === undefined ? null : [...new Set(item.groups)];
  return { name, groups, mode, severity, fields, policy };
}

function hint(group: string, known: readonly string[]): string {
  const meant = closest(group, known);
  if (meant !== undefined) {
    return `did you mean ${meant}?`;
  }
  return known.length === 0 ? "no firewall has any `groups` yet" : `known groups: ${known.join(", ")}`;
}
