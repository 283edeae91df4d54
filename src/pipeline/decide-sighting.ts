import type { Decision, DecisionInputs } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { AddressFacts, WaitingSighting } from "../ports.ts";
import { objectionTo } from "./await-confirmation.ts";
import type { Asked, Plan, PipelineDeps } from "./deps.ts";
import { freshFindings, isSettled, staleFindings, withNewer } from "./known-facts.ts";
import { recordDecided } from "./record-decided.ts";

/** A person is asked no later than this, although a provider that can't be asked yet might spare him the question. */
const holdPatienceSeconds = 15 * 60;

/** That others are asked first is no reason to go without: this long at least. */
const busyPatienceSeconds = 60;

/** An answer can make another provider's answer matter; this many times at most. */
const mostRounds = 3;

export interface Case {
  readonly sighting: Omit<WaitingSighting, "attempts" | "fields">;
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
  const isOver = untilOf(one, known) <= deps.now();
  if (known.missing.length > 0 && !isOver && known.decision.action !== "block") {
    await park(deps, one, known);
    return true;
  }
  const likely = finalDecision(deps, one, known);
  const decision = await unlessProtected(deps, one, likely, signal);
  // A check that was cut off has confirmed nobody.
  if (!signal.aborted) {
    await recordConfirmed(deps, one, decision);
  }
  return false;
}

/** Records it, unless its alert is still to be confirmed. What can't be confirmed is held. */
async function recordConfirmed(deps: PipelineDeps, one: Case, decision: Decision): Promise<void> {
  const { id, createdAt } = one.sighting;
  const objection = await objectionTo(deps, decision, createdAt);
  if (objection?.kind === "wait") {
    await deps.store.postponeSighting(id, objection.until, "waits until Splunk has confirmed its alert");
    return;
  }
  const { findings, inputs } = decision;
  const basis = { findings, missing: inputs.missing, protectedReason: null, isFinal: true };
  const confirmed = objection === null ? decision : decideBy(deps, one, { ...basis, doubt: objection.why });
  await record(deps, one, confirmed);
}

interface Known {
  /** Also those that have expired and stand in for a provider that is missing. */
  readonly findings: readonly Finding[];
  /** Providers that can't be asked now and whose answer could change the decision. */
  readonly missing: readonly string[];
  /** Providers that fail about this address again and again. */
  readonly failed: readonly string[];
  readonly reasons: readonly string[];
  /** What is missing will soon be asked. */
  readonly isBusy: boolean;
  readonly closeness: number;
  readonly decision: Decision;
}

/** Asks whoever could still change the decision, and whoever that makes interesting. */
async function findOut(deps: PipelineDeps, one: Case, signal: AbortSignal): Promise<Known> {
  const { ip, createdAt } = one.sighting;
  const { policy } = one.plan;
  const { activity } = one.facts;
  const open = (findings: readonly Finding[]) =>
    deps.openProviders({ ip, policy, findings, activity, now: deps.now() });
  const local = deps.enrich.local(ip);
  let findings = freshFindings(one.facts.findings, local, deps.now(), createdAt);
  let waiting: Asked["waiting"] = [];
  // What a list settles is not worth a question, not even for a hint.
  const rounds = isSettledBy(deps, one, local) ? 0 : mostRounds;
  for (let round = 0; round < rounds; round += 1) {
    const toAsk = open(findings).open.filter((name) => !waiting.some(({ provider }) => provider === name));
    if (toAsk.length === 0) {
      break;
    }
    const asked = await deps.enrich.ask(ip, toAsk, signal);
    waiting = [...waiting, ...asked.waiting];
    findings = withNewer(findings, asked.findings);
  }
  const { open: still, forHints, failed, closeness } = open(findings);
  const missing = waiting.filter(({ provider }) => still.includes(provider) && !forHints.includes(provider));
  const names = missing.map(({ provider }) => provider);
  // They may show that it is bad, but not that it is not: for that the provider is waited for.
  const stale = staleFindings(one.facts.findings, names, policy, deps.now());
  const known = {
    findings: withNewer(findings, stale),
    missing: names,
    failed,
    reasons: missing.map(({ reason }) => reason),
    isBusy: missing.some(({ kind }) => kind === "busy"),
    closeness,
  };
  return { ...known, decision: decideBy(deps, one, { ...known, protectedReason: null, isFinal: false }) };
}

function isSettledBy(deps: PipelineDeps, one: Case, findings: readonly Finding[]): boolean {
  const basis = { findings, missing: [], protectedReason: null, isFinal: false };
  return findings.length > 0 && decideBy(deps, one, basis).action === "block";
}

function finalDecision(
  deps: PipelineDeps,
  one: Case,
  { missing, failed, findings, decision }: Known,
): Decision {
  const absent = [...missing, ...failed];
  return absent.length === 0
    ? decision
    : decideBy(deps, one, { findings, missing: absent, protectedReason: null, isFinal: true });
}

export interface Basis {
  readonly findings: readonly Finding[];
  readonly missing: readonly string[];
  readonly protectedReason: string | null;
  readonly isFinal: boolean;
  /** Why its alert is not known to be genuine. Default is that it is, or need not be. */
  readonly doubt?: string;
}

export function decideBy(deps: PipelineDeps, { sighting, plan, facts }: Case, basis: Basis): Decision {
  const { alertId, ip, count, searchName } = sighting;
  const inputs: Omit<DecisionInputs, "offences"> = {
    searchName,
    severity: severityOf({ sighting, plan }),
    count,
    activity: facts.activity,
    missing: basis.missing,
    ...(plan.askedMode === null ? {} : { askedMode: plan.askedMode }),
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
    doubt: basis.doubt ?? null,
    now: deps.now(),
  });
}

function severityOf({ sighting, plan }: Pick<Case, "sighting" | "plan">): DecisionInputs["severity"] {
  return sighting.severity ?? plan.severity ?? "medium";
}

/** When it is decided without the providers that are missing. */
function untilOf({ sighting, plan }: Case, { decision, isBusy }: Known): Date {
  const { seconds } = plan.policy.unavailable;
  const patience = decision.action === "hold" ? Math.min(seconds, holdPatienceSeconds) : seconds;
  const least = isBusy ? busyPatienceSeconds : 0;
  return new Date(sighting.createdAt.getTime() + Math.max(least, patience) * 1000);
}

async function park(deps: PipelineDeps, one: Case, known: Known): Promise<void> {
  const { missing, reasons, closeness } = known;
  const { id, ip, count, alertId, searchName } = one.sighting;
  const until = untilOf(one, known);
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

/** What would be blocked or held, unless it is a crawler, or is protected since it was first looked at. Asks name servers. */
export async function unlessProtected(
  deps: PipelineDeps,
  one: Case,
  decision: Decision,
  signal: AbortSignal,
): Promise<Decision> {
  if (decision.action !== "block" && decision.action !== "hold") {
    return decision;
  }
  const crawler = await deps.confirmCrawler(decision.ip, signal);
  const protectedReason = crawler ?? deps.protectedReason(decision.ip);
  return protectedReason === null
    ? decision
    : decideBy(deps, one, {
        findings: decision.findings,
        missing: decision.inputs.missing,
        protectedReason,
        isFinal: true,
      });
}

function record(deps: PipelineDeps, { sighting, plan }: Case, decision: Decision): Promise<void> {
  return recordDecided(deps, plan, { sightingId: sighting.id, decision });
}
