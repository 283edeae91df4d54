import type { Decision, DecisionInputs } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import { type IpAddress, type IpPrefix, prefixOf } from "../domain/ip-address.ts";
import type { AddressFacts, WaitingSighting } from "../ports.ts";
import type { Asked, BlockNetwork, Plan, PipelineDeps } from "./deps.ts";
import { freshFindings, isSettled, staleFindings, withNewer } from "./known-facts.ts";

/** A message about a block waits this long for the firewalls, so that it can say what they did. */
const firewallPatienceMs = 15_000;

/** A person is asked no later than this, although a provider that can't be asked yet might spare him the question. */
const holdPatienceSeconds = 15 * 60;

/** An answer can make another provider's answer matter; this many times at most. */
const mostRounds = 3;

export interface Case {
  readonly sighting: WaitingSighting;
  readonly plan: Plan;
  readonly facts: AddressFacts;
}

/** Decides one sighting, or parks it until providers have answered. @returns true when it was parked */
export async function decideSighting(deps: PipelineDeps, one: Case, signal: AbortSignal): Promise<boolean> {
  const protectedReason = deps.protectedReason(one.sighting.ip);
  if (protectedReason !== null || isSettled(one.facts)) {
    await record(
      deps,
      one,
      decideBy(deps, one, { findings: [], protectedReason, missing: [], isFinal: true }),
    );
    return false;
  }
  const known = await findOut(deps, one, signal);
  if (signal.aborted) {
    return false;
  }
  const isOver = untilOf(one, known.decision) <= deps.now();
  if (known.missing.length > 0 && !isOver && known.decision.action !== "block") {
    await park(deps, one, known);
    return true;
  }
  const decision =
    known.missing.length === 0
      ? known.decision
      : decideBy(deps, one, { ...known, protectedReason: null, isFinal: true });
  await record(deps, one, await unlessCrawler(deps, one, decision, signal));
  return false;
}

interface Known {
  readonly findings: readonly Finding[];
  /** Providers that can't be asked now and whose answer could change the decision. */
  readonly missing: readonly string[];
  readonly reasons: readonly string[];
  readonly closeness: number;
  readonly decision: Decision;
}

/** Asks whoever could still change the decision, and whoever that makes interesting. */
async function findOut(deps: PipelineDeps, one: Case, signal: AbortSignal): Promise<Known> {
  const { ip, createdAt } = one.sighting;
  const { policy } = one.plan;
  const { activity } = one.facts;
  let findings = freshFindings(one.facts.findings, deps.enrich.local(ip), deps.now(), createdAt);
  let waiting: Asked["waiting"] = [];
  for (let round = 0; round < mostRounds; round += 1) {
    const { open } = deps.openProviders({ ip, policy, findings, activity, now: deps.now() });
    const toAsk = open.filter((name) => !waiting.some(({ provider }) => provider === name));
    if (toAsk.length === 0) {
      break;
    }
    const asked = await deps.enrich.ask(ip, toAsk, signal);
    waiting = [...waiting, ...asked.waiting];
    const names = asked.waiting.map(({ provider }) => provider);
    const stale = staleFindings(one.facts.findings, names, policy, deps.now());
    findings = withNewer(findings, [...asked.findings, ...stale]);
  }
  const { open, forHints, closeness } = deps.openProviders({
    ip,
    policy,
    findings,
    activity,
    now: deps.now(),
  });
  const missing = waiting.filter(({ provider }) => open.includes(provider) && !forHints.includes(provider));
  const known = {
    findings,
    missing: missing.map(({ provider }) => provider),
    reasons: missing.map(({ reason }) => reason),
    closeness,
  };
  return { ...known, decision: decideBy(deps, one, { ...known, protectedReason: null, isFinal: false }) };
}

interface Basis {
  readonly findings: readonly Finding[];
  readonly missing: readonly string[];
  readonly protectedReason: string | null;
  readonly isFinal: boolean;
}

function decideBy(deps: PipelineDeps, { sighting, plan, facts }: Case, basis: Basis): Decision {
  const { alertId, ip, count, searchName } = sighting;
  const inputs: Omit<DecisionInputs, "offences"> = {
    searchName,
    severity: severityOf({ sighting, plan }),
    count,
    activity: facts.activity,
    missing: basis.missing,
  };
  return deps.decide({
    alertId,
    ip,
    findings: basis.findings,
    mode: plan.mode,
    policy: plan.policy,
    protectedReason: basis.protectedReason,
    standing: facts.standing,
    offences: facts.offences,
    inputs,
    isFinal: basis.isFinal,
    now: deps.now(),
  });
}

function severityOf({ sighting, plan }: Pick<Case, "sighting" | "plan">): DecisionInputs["severity"] {
  return sighting.severity ?? plan.severity ?? "medium";
}

/** When it is decided without the providers that are missing. */
function untilOf({ sighting, plan }: Case, { action }: Decision): Date {
  const { seconds } = plan.policy.unavailable;
  const patience = action === "hold" ? Math.min(seconds, holdPatienceSeconds) : seconds;
  return new Date(sighting.createdAt.getTime() + patience * 1000);
}

async function park(
  deps: PipelineDeps,
  one: Case,
  { missing, reasons, closeness, decision }: Known,
): Promise<void> {
  const { id, ip, count, alertId, searchName } = one.sighting;
  const until = untilOf(one, decision);
  await deps.store.parkSighting({
    sightingId: id,
    until,
    reason: reasons.join("; "),
    providers: missing,
    candidate: {
      ip,
      severity: severityOf(one),
      events: count,
      searches: [searchName ?? ""],
      firewalls: one.plan.firewalls.length,
      closeness,
    },
    now: deps.now(),
  });
  deps.log.info({ ip, alertId, providers: missing, until }, "waits for providers");
}

/** Name servers are asked only about what would be blocked. */
async function unlessCrawler(
  deps: PipelineDeps,
  one: Case,
  decision: Decision,
  signal: AbortSignal,
): Promise<Decision> {
  if (decision.action !== "block" && decision.holdCause === null) {
    return decision;
  }
  const protectedReason = await deps.confirmCrawler(decision.ip, signal);
  return protectedReason === null
    ? decision
    : decideBy(deps, one, {
        findings: decision.findings,
        missing: decision.inputs.missing,
        protectedReason,
        isFinal: true,
      });
}

async function record(deps: PipelineDeps, { sighting, plan }: Case, decision: Decision): Promise<void> {
  const network = await networkOf(deps, plan, decision);
  const reasons = network.reason === null ? decision.reasons : [...decision.reasons, network.reason];
  const recorded = await deps.store.recordDecision({
    sightingId: sighting.id,
    decision: { ...decision, reasons },
    prefix: network.prefix,
    groups: plan.groups,
    firewalls: plan.firewalls,
    notifications: deps.channels.map((channel) => ({ channel, dueAt: notificationDueAt(plan, decision) })),
    limits: deps.limits,
    holdSeconds: plan.policy.holdSeconds,
    answers: null,
  });
  const isRepeat = recorded.action === "ignore" && deps.protectedReason(recorded.ip) === null;
  logDecision(deps, recorded, { prefix: network.prefix, isRepeat });
  deps.onDecided(recorded);
}

/** One line for each; but what is ignored because it is blocked already comes by the thousand. */
function logDecision({ log }: PipelineDeps, decision: Decision, { prefix, isRepeat }: Logged): void {
  const { id, alertId, ip, action, mode, reasons } = decision;
  const noted = { ip, prefix, alertId, decisionId: id, action, mode, reasons };
  if (isRepeat) {
    log.debug(noted, "decision");
  } else {
    log.info(noted, "decision");
  }
}

interface Logged {
  readonly prefix: IpPrefix;
  readonly isRepeat: boolean;
}

async function networkOf(deps: PipelineDeps, { policy }: Plan, decision: Decision): Promise<BlockNetwork> {
  const { action, ip, decidedAt, mode } = decision;
  return action === "block" && deps.mayAggregate(ip, policy)
    ? deps.blockNetwork(ip, policy, await neighboursOf(deps, ip, mode, decidedAt))
    : { prefix: prefixOf(ip), reason: null };
}

function neighboursOf({ store }: PipelineDeps, ip: IpAddress, mode: Decision["mode"], now: Date) {
  return store.neighbours(ip, mode === "observe" ? "observe" : "enforce", now);
}

function notificationDueAt({ firewalls }: Plan, decision: Decision): Date {
  const waits = decision.action === "block" && firewalls.length > 0;
  return new Date(decision.decidedAt.getTime() + (waits ? firewallPatienceMs : 0));
}
