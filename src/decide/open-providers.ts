import type { Activity } from "../domain/decision.ts";
import { type Finding, isFinalFailure } from "../domain/finding.ts";
import type { Policy } from "../domain/policy.ts";
import type { ProviderTerms } from "../domain/provider-terms.ts";
import type { MayTell } from "./conditions.ts";
import { judgeRule, type RuleJudgement } from "./judge-rule.ts";
import { isSeenEnough } from "./sightings-need.ts";
import { weighHints } from "./weigh-hints.ts";

/** What has to be known of a provider to tell whether it should be asked. */
export interface AskableProvider {
  readonly name: string;
  readonly terms: Pick<ProviderTerms, "numbers" | "times">;
  /** It only brings hints, unless a rule asks it for something. */
  readonly isOptional: boolean;
}

export interface OpenQuestion {
  readonly policy: Policy;
  /** Those that are configured. */
  readonly providers: readonly AskableProvider[];
  /** Fresh ones, and stale ones that are used. */
  readonly findings: readonly Finding[];
  readonly activity: readonly Activity[];
  readonly now: Date;
}

export interface OpenProviders {
  /** Names of those whose answer could still change what is decided, in the order in which they are configured. */
  readonly open: readonly string[];
  /** Those of them that no rule needs: they could only bring hints. Not worth waiting for. */
  readonly forHints: readonly string[];
  /**
   * Names of those whose answer could still change it, but who have failed about this address so often that they are not asked any more:
   * they are missing. In the order in which they are configured.
   */
  readonly failed: readonly string[];
  /** How near what is known comes to a block: the best share of a block rule's parts that findings meet, 0 to 1. */
  readonly closeness: number;
}

/**
 * Whose answer could make an address blocked or held that would not be. Asked on the assumption that everybody who may still tell
 * something says the worst.
 */
export function openProviders(question: OpenQuestion): OpenProviders {
  const { policy, providers, activity } = question;
  const mayTell = tellersOf(question, isUnheard);
  const closeness = Math.max(
    0,
    ...policy.block.map((rule) => closenessOf(judgeRule(rule, question, mayTell))),
  );
  const isHopeless =
    !isSeenEnough(policy.sightings, activity) ||
    weighHints(question.findings, policy.hints)?.action === "watch";
  if (isHopeless) {
    return { open: [], forHints: [], failed: [], closeness };
  }

  const { awaited, isBlocked } = awaitedBy(question, mayTell);
  const wantsHints = isBlocked && Object.values(policy.hints).some((action) => action !== "none");
  const hinting = providers.filter(
    ({ name, isOptional }) => wantsHints && isOptional && !awaited.has(name) && isUnheard(name, question),
  );
  const open = providers.filter((provider) => awaited.has(provider.name) || hinting.includes(provider));
  return {
    open: open.map(({ name }) => name),
    forHints: hinting.map(({ name }) => name),
    failed: failedOf(question),
    closeness,
  };
}

interface Awaited {
  /** Whose answers could bring a better rule to hold than the best one that holds. */
  readonly awaited: ReadonlySet<string>;
  /** A block rule holds. */
  readonly isBlocked: boolean;
}

function awaitedBy(question: OpenQuestion, mayTell: MayTell): Awaited {
  const { policy } = question;
  const block = policy.block.map((rule) => judgeRule(rule, { ...question, isForBlock: true }, mayTell));
  if (block.some(isHeld)) {
    return { awaited: new Set(), isBlocked: true };
  }
  const hold = policy.hold.map((rule) => judgeRule(rule, question, mayTell));
  const better = hold.some(isHeld) ? block : [...block, ...hold];
  return { awaited: new Set(better.flatMap(({ awaited }) => [...awaited])), isBlocked: false };
}

function failedOf(question: OpenQuestion): readonly string[] {
  const hasFailed = (name: string): boolean =>
    question.findings.some((finding) => finding.provider === name && isFinalFailure(finding, question.now));
  const failed = question.providers.filter(({ name }) => hasFailed(name));
  if (failed.length === 0) {
    return [];
  }
  const mayTell = tellersOf(question, (name) => hasFailed(name) || isUnheard(name, question));
  const { awaited } = awaitedBy(question, mayTell);
  return failed.flatMap(({ name }) => (awaited.has(name) ? [name] : []));
}

function isHeld({ state }: RuleJudgement): boolean {
  return state === "held";
}

function closenessOf({ state, met, parts }: RuleJudgement): number {
  return state === "impossible" ? 0 : met / parts;
}

/** Who is configured, can tell what is asked for, and may do so. Asked only about what no finding tells, or not well enough. */
function tellersOf(question: OpenQuestion, may: (name: string, question: OpenQuestion) => boolean): MayTell {
  const terms = new Map(question.providers.map((provider) => [provider.name, provider.terms]));
  const unheard = new Map(question.providers.map(({ name }) => [name, may(name, question)] as const));
  return (condition) => {
    const { numbers = [], times = [] } = terms.get(condition.provider) ?? {};
    const canTell =
      condition.kind === "least" ? numbers.includes(condition.number) : times.includes(condition.time);
    return canTell && unheard.get(condition.provider) === true;
  };
}

/** True while nothing is known of what this provider says about the address alone, and asking is of use. */
function isUnheard(name: string, { findings, now }: OpenQuestion): boolean {
  return findings.filter(({ provider }) => provider === name).every((finding) => isOver(finding, now));
}

function isOver(finding: Finding, now: Date): boolean {
  return finding.status === "known"
    ? finding.evidence.isPartial === true
    : finding.status === "failed" && !isFinalFailure(finding, now);
}
