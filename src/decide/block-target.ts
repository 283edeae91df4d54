import type { FirewallConfig, SearchRule } from "../config/config.ts";
import { coversGroups } from "../domain/block.ts";
import type { Mode } from "../domain/decision.ts";
import { createPattern } from "../domain/pattern.ts";
import type { Policy } from "../domain/policy.ts";
import type { Severity } from "../domain/severity.ts";

/** How alerts of one search are handled. */
export interface SearchPlan {
  /** Groups of firewalls for which blocks are; null: all. */
  readonly groups: readonly string[] | null;
  /** The names of their firewalls; none in mode `observe`, where nothing is enforced. */
  readonly firewalls: readonly string[];
  readonly mode: Mode;
  readonly policy: Policy;
  /** For alerts whose rows say nothing; null: nobody has said. */
  readonly severity: Severity | null;
  /** Fields that hold addresses; null: those of the settings for all searches. */
  readonly fields: readonly string[] | null;
}

export interface SearchPlanOptions {
  readonly searches: readonly SearchRule[];
  /** Those that are enabled. */
  readonly firewalls: readonly Pick<FirewallConfig, "name" | "groups">[];
  /** For searches whose rule does not say otherwise. */
  readonly mode: Mode;
  readonly policy: Policy;
}

/** How alerts of a search are handled: the first rule that fits its name counts; an alert without a search has none. Not case-sensitive. */
export function createSearchPlan(options: SearchPlanOptions): (searchName: string | null) => SearchPlan {
  const usual = planOf(nothingDifferent, options);
  const plans = options.searches.map((rule) => ({
    fits: createPattern(rule.name.toLowerCase()),
    plan: planOf(rule, options),
  }));
  return (searchName) => {
    const name = searchName?.toLowerCase();
    return plans.find(({ fits }) => name !== undefined && fits(name))?.plan ?? usual;
  };
}

type Different = Omit<SearchRule, "name">;

const nothingDifferent: Different = { groups: null, mode: null, severity: null, fields: null, policy: null };

function planOf(rule: Different, options: SearchPlanOptions): SearchPlan {
  const { groups, severity, fields } = rule;
  const mode = rule.mode ?? options.mode;
  const enforcing = mode === "observe" ? [] : options.firewalls;
  return {
    groups,
    firewalls: enforcing.filter((firewall) => isFor(groups, firewall.groups)).map(({ name }) => name),
    mode,
    policy: rule.policy ?? options.policy,
    severity,
    fields,
  };
}

/** Whether a block for these groups (null: all) is for a firewall that is in those. */
export function isFor(blockGroups: readonly string[] | null, firewallGroups: readonly string[]): boolean {
  return blockGroups === null || firewallGroups.some((group) => coversGroups(blockGroups, [group]));
}
