import { type Hint, hints } from "../domain/finding.ts";
import type { Aggregate, HintAction, Policy, Unavailable } from "../domain/policy.ts";
import type { PolicySection } from "./policy-schema.ts";
import type { Path } from "./settings-text.ts";

/** A policy before its version is reckoned. */
export type UnversionedPolicy = Omit<Policy, "version">;

interface PolicyOptions {
  /** What the section does not name. */
  readonly base: UnversionedPolicy;
  readonly versionOf: (policy: UnversionedPolicy) => string;
  /** Told what is wrong at a place within the section. */
  readonly refuse: (path: Path, what: string) => void;
}

/** The policy of one section of the file; what it does not name is as in `base`. */
export function readPolicy(section: PolicySection, { base, versionOf, refuse }: PolicyOptions): Policy {
  const policy: UnversionedPolicy = {
    ...readConditions(section, base),
    ...readTimes(section, base),
    blockSeconds: readDurations(section, base.blockSeconds, refuse),
    aggregate: readAggregate(section.aggregate ?? {}, base.aggregate),
    unavailable: readUnavailable(section.unavailable ?? {}, base.unavailable),
  };
  return { ...policy, version: versionOf(policy) };
}

function readConditions(section: PolicySection, base: UnversionedPolicy) {
  return {
    block: section.block ?? base.block,
    hold: section.hold ?? base.hold,
    // Null says: none, whatever the base says.
    sightings: section.sightings === undefined ? base.sightings : section.sightings,
    hints: readHints(section.hints ?? {}, base.hints),
  };
}

function readTimes(section: PolicySection, base: UnversionedPolicy) {
  return {
    forgetSeconds: section.forgetAfter ?? base.forgetSeconds,
    holdSeconds: section.holdFor ?? base.holdSeconds,
    graceSeconds: section.grace ?? base.graceSeconds,
    staleSeconds: section.useStaleFor ?? base.staleSeconds,
  };
}

/** A longer duration without an escalation makes the steps of `base` at least as long. */
function readDurations(
  { duration, escalation }: Pick<PolicySection, "duration" | "escalation">,
  base: readonly number[],
  refuse: PolicyOptions["refuse"],
): readonly number[] {
  const [baseFirst = 86_400, ...baseSteps] = base;
  const first = duration ?? baseFirst;
  if (escalation === undefined) {
    return withoutRepeats([first, ...baseSteps.map((step) => Math.max(first, step))]);
  }
  escalation.forEach((step, index) => {
    const before = escalation[index - 1] ?? first;
    if (step < before) {
      const which = index === 0 ? "the first block (`duration`)" : "the step before it";
      refuse(["escalation", index], `expected no less than ${which}`);
    }
  });
  return withoutRepeats([first, ...escalation]);
}

/** Without steps at the end that change nothing. */
function withoutRepeats(steps: readonly number[]): readonly number[] {
  const last = steps.findLastIndex((step, index) => step !== steps[index - 1]);
  return steps.slice(0, last + 1);
}

function readHints(
  section: Readonly<Partial<Record<Hint, HintAction | undefined>>>,
  base: Policy["hints"],
): Policy["hints"] {
  const changed = hints.flatMap((hint) => {
    const action = section[hint];
    return action === undefined ? [] : [[hint, action] as const];
  });
  return { ...base, ...Object.fromEntries(changed) };
}

function readAggregate(
  { ipv4Neighbours, ipv6 }: NonNullable<PolicySection["aggregate"]>,
  base: Aggregate,
): Aggregate {
  return {
    ipv4Neighbours: ipv4Neighbours === undefined ? base.ipv4Neighbours : ipv4Neighbours,
    ipv6Length: ipv6 ?? base.ipv6Length,
  };
}

const usualSeconds: Readonly<Record<Unavailable["action"], number>> = {
  wait: 7 * 86_400,
  "decide-without": 0,
  hold: 15 * 60,
};

function readUnavailable(
  { then: action, after }: NonNullable<PolicySection["unavailable"]>,
  base: Unavailable,
): Unavailable {
  if (action === undefined || action === base.action) {
    return { action: base.action, seconds: after ?? base.seconds };
  }
  return { action, seconds: after ?? usualSeconds[action] };
}
