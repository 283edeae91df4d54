import type { FirewallConfig, SearchRule } from "../config/config.ts";
import { coversGroups } from "../domain/block.ts";
import { isMoreCautious, type Mode } from "../domain/decision.ts";
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
  /** Set where the mode is what the alert asks for, and not what the settings say. */
  readonly askedMode: Mode | null;
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

/** Whose plan is wanted. */
export interface PlanWanted {
  readonly searchName: string | null;
  /** The mode that its alert asks for. */
  readonly askedMode: Mode | null;
}

/**
 * How alerts of a search are handled: the first rule that fits its name counts; an alert without a search has none. Not case-sensitive. What an
 * alert asks for can only make the mode more cautious.
 */
export function createSearchPlan(options: SearchPlanOptions): (wanted: PlanWanted) => SearchPlan {
  const usual = planOf(nothingDifferent, options);
  const plans = options.searches.map((rule) => ({
    fits: createPattern(rule.name.toLowerCase()),
    plan: planOf(rule, options),
  }));
  return ({ searchName, askedMode }) => {
    const name = searchName?.toLowerCase();
    const plan = plans.find(({ fits }) => name !== undefined && fits(name))?.plan ?? usual;
    return askedMode !== null && isMoreCautious(askedMode, plan.mode)
      ? { ...plan, mode: askedMode, askedMode, firewalls: askedMode === "observe" ? [] : plan.firewalls }
      : plan;
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
    askedMode: null,
    policy: rule.policy ?? options.policy,
    severity,
    fields,
  };
}

/** Whether a block for these groups (null: all) is for a firewall that is in those. */
export function isFor(blockGroups: readonly string[] | null, firewallGroups: readonly string[]): boolean {
  return blockGroups === null || firewallGroups.some((group) => coversGroups(blockGroups, [group]));
}
