import type { FirewallConfig, SearchRule } from "../config/config.ts";
import { coversGroups } from "../domain/block.ts";
import { createPattern } from "../domain/pattern.ts";

/** Where the blocks of an alert are enforced. */
export interface BlockTarget {
  /** Groups of firewalls; null: all. */
  readonly groups: readonly string[] | null;
  /** The names of their firewalls. */
  readonly firewalls: readonly string[];
}

export interface BlockTargetOptions {
  readonly searches: readonly SearchRule[];
  readonly firewalls: readonly Pick<FirewallConfig, "name" | "groups">[];
}

/** Which firewalls the blocks of a search are for: the first rule that fits its name counts; without one, all. */
export function createBlockTarget(options: BlockTargetOptions): (searchName: string | null) => BlockTarget {
  const rules = options.searches.map(({ name, groups }) => ({
    fits: createPattern(name.toLowerCase()),
    groups,
  }));
  return (searchName) => {
    const name = searchName?.toLowerCase();
    const groups = rules.find(({ fits }) => name !== undefined && fits(name))?.groups ?? null;
    const firewalls = options.firewalls.filter((firewall) => isFor(groups, firewall.groups));
    return { groups, firewalls: firewalls.map(({ name }) => name) };
  };
}

/** Whether a block for these groups (null: all) is for a firewall that is in those. */
export function isFor(blockGroups: readonly string[] | null, firewallGroups: readonly string[]): boolean {
  return blockGroups === null || firewallGroups.some((group) => coversGroups(blockGroups, [group]));
}
