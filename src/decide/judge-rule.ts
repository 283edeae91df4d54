import type { Activity } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { Condition, Rule } from "../domain/policy.ts";
import { type ConditionJudgement, judgeCondition, type MayTell } from "./conditions.ts";
import { describeMetNeed, isSeenEnough } from "./sightings-need.ts";

/** What is known when a rule is asked. */
export interface Facts {
  readonly findings: readonly Finding[];
  readonly activity: readonly Activity[];
  readonly now: Date;
  /** The rule blocks: what the look-up of a whole network says does not meet its conditions. */
  readonly isForBlock?: boolean;
}

export interface RuleJudgement {
  /** `open`: it does not hold, and would if all providers that may still tell something said the worst. */
  readonly state: "held" | "open" | "impossible";
  /** One sentence for each condition that is met. */
  readonly reasons: readonly string[];
  /** Providers whose findings meet its conditions. */
  readonly accusers: ReadonlySet<string>;
  /** Providers that could still bring it nearer to holding; empty unless it is open. */
  readonly awaited: ReadonlySet<string>;
  /** How many of its parts are met by findings; a quorum of n counts as n parts. */
  readonly met: number;
  readonly parts: number;
}

/** How far a rule holds. One that asks nothing of any provider never holds; nor does a group of a quorum that asks nothing. */
export function judgeRule(rule: Rule, facts: Facts, mayTell: MayTell): RuleJudgement {
  const own = judgeAll(rule.conditions, facts, mayTell);
  const quorum = judgeQuorum(rule.quorum, facts, mayTell);
  const { met: groups, least } = quorum;
  const parts = rule.conditions.length + least;
  const state = isReached(parts, rule, facts) ? worse(own.state, quorum.state) : "unmet";

  const reasons = [own, ...groups].flatMap(({ reasons }) => reasons);
  return {
    state: stateNames[state],
    reasons: [...new Set(reasons), ...sightingsReason(rule, facts)],
    accusers: union([own, ...groups].map(({ accusers }) => accusers)),
    awaited: state === "open" ? union([own.awaited, quorum.awaited]) : none,
    met: own.met + Math.min(groups.length, least),
    parts,
  };
}

type State = ConditionJudgement["state"];

const stateNames = { met: "held", open: "open", unmet: "impossible" } as const;
const none: ReadonlySet<string> = new Set();

/** That it asks for something, and that there were enough events. */
function isReached(parts: number, { sightings }: Rule, { activity }: Facts): boolean {
  return parts > 0 && isSeenEnough(sightings, activity);
}

function worse(a: State, b: State): State {
  return a === "unmet" || b === "unmet" ? "unmet" : a === "open" || b === "open" ? "open" : "met";
}

interface QuorumJudgement {
  readonly state: State;
  readonly least: number;
  readonly met: readonly GroupJudgement[];
  readonly awaited: ReadonlySet<string>;
}

function judgeQuorum(quorum: Rule["quorum"], facts: Facts, mayTell: MayTell): QuorumJudgement {
  const { least, of } = quorum ?? { least: 0, of: [] };
  const groups = of.filter((group) => group.length > 0).map((group) => judgeAll(group, facts, mayTell));
  const met = groups.filter(({ state }) => state === "met");
  const open = groups.filter(({ state }) => state === "open");
  const state = met.length >= least ? "met" : met.length + open.length >= least ? "open" : "unmet";
  return { state, least, met, awaited: state === "open" ? union(open.map(({ awaited }) => awaited)) : none };
}

interface GroupJudgement {
  readonly state: State;
  /** How many of its conditions are met. */
  readonly met: number;
  readonly reasons: readonly string[];
  readonly accusers: ReadonlySet<string>;
  readonly awaited: ReadonlySet<string>;
}

function judgeAll(conditions: readonly Condition[], facts: Facts, mayTell: MayTell): GroupJudgement {
  const judged = conditions.map((condition) => ({
    provider: condition.provider,
    judgement: judgeCondition(condition, facts, mayTell),
  }));
  const inState = (state: State) => judged.filter(({ judgement }) => judgement.state === state);
  const met = inState("met");
  return {
    state: judged.map(({ judgement }) => judgement.state).reduce(worse, "met"),
    met: met.length,
    reasons: met.flatMap(({ judgement }) => (judgement.state === "met" ? [judgement.reason] : [])),
    accusers: new Set(met.map(({ provider }) => provider)),
    awaited: new Set(inState("open").map(({ provider }) => provider)),
  };
}

function sightingsReason({ sightings }: Rule, { activity }: Facts): readonly string[] {
  return sightings === null ? [] : [describeMetNeed(sightings, activity)];
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((set) => [...set]));
}
