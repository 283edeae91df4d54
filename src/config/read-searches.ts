import type { FirewallConfig, SearchRule } from "./config.ts";
import { closest } from "./closest.ts";
import { SearchItem } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import type { SettingsFile } from "./settings-file.ts";

/** Which groups of firewalls each search is for. Every group has a firewall. */
export function readSearches(
  file: SettingsFile,
  firewalls: readonly FirewallConfig[],
  problems: Problems,
): readonly SearchRule[] {
  const known = [...new Set(firewalls.flatMap(({ groups }) => groups))];
  return file.items("searches", SearchItem).map(({ item, where }) => {
    for (const group of item.groups) {
      if (!known.includes(group)) {
        problems.add(where, `no firewall has the group ${group}; ${hint(group, known)}`);
      }
    }
    return { name: item.name, groups: [...new Set(item.groups)] };
  });
}

function hint(group: string, known: readonly string[]): string {
  const meant = closest(group, known);
  if (meant !== undefined) {
    return `did you mean ${meant}?`;
  }
  return known.length === 0 ? "no firewall has any `groups` yet" : `known groups: ${known.join(", ")}`;
}
