import type { Config } from "./config/config.ts";
import { readPolicyText } from "./config/read-policy-text.ts";
import { createBacktest } from "./decide/backtest.ts";
import { blockNetwork, mayAggregate } from "./decide/block-network.ts";
import { isFor, type SearchPlan } from "./decide/block-target.ts";
import { decide } from "./decide/decide.ts";
import { describeFinding } from "./decide/describe-finding.ts";
import { blockTime, cleanRecord } from "./decide/escalation.ts";
import { policyVersion } from "./decide/policy-version.ts";
import { manualDecision, releaseDecision } from "./decide/release.ts";
import { weighHints } from "./decide/weigh-hints.ts";
import { type Decision, blockModeOf } from "./domain/decision.ts";
import type { Sighting } from "./domain/alert.ts";
import { prefixOf } from "./domain/ip-address.ts";
import type { Edges, Identity } from "./app.ts";
import type { Refusals } from "./ingest/refusals.ts";
import type { Intelligence } from "./intelligence.ts";
import type { ApiDeps, BacktestReport, DecisionNow, HoldTarget } from "./operate/api/deps.ts";
import { freshFindings } from "./pipeline/known-facts.ts";
import type { AddressReport, Hold, Log, PastDecision, SightingReport } from "./ports.ts";

export interface AnsweringDeps {
  readonly config: Config;
  readonly edges: Edges;
  readonly identity: Identity;
  readonly intelligence: Intelligence;
  readonly wakeFirewalls: () => void;
  readonly wakePipeline: () => void;
  readonly takeAlert: ApiDeps["takeAlert"];
  readonly refusals: Pick<Refusals, "counts">;
  readonly log: Log;
}

/** What the API needs of the rest of the program. */
export function createApiDeps(deps: AnsweringDeps): ApiDeps {
  const { config, edges, identity, intelligence, log } = deps;
  const { store, guard, lists, notifiers, now } = edges;
  const enforcing = config.mode === "observe" ? [] : config.firewalls.filter(({ isEnabled }) => isEnabled);
  return {
    store,
    version: identity.version,
    mode: config.mode,
    startedAt: now(),
    firewalls: config.firewalls,
    providers: intelligence.enrich,
    expectedSearches: config.searches,
    adminToken: config.adminToken,
    graceSeconds: config.policy.graceSeconds,
    policyVersion: config.policy.version,
    protectedReason: guard.protectedReason,
    confirmCrawler: guard.confirmCrawler,
    decideNow: (report) => decideNow(deps, report),
    manualDecision,
    releaseDecision,
    targetOfHold: (hold) => targetOfHold(deps, hold),
    targetOf: (groups) => ({
      groups,
      firewalls: enforcing.filter((one) => isFor(groups, one.groups)).map(({ name }) => name),
    }),
    listNames: lists.map(({ name }) => name),
    groups: [...new Set(config.firewalls.flatMap(({ groups }) => groups))],
    backtest: (text, since, signal) => replayPast(deps, { text, since }, signal),
    describeFinding,
    settingsAllowlist: config.allowlist,
    onAllowlistChanged: () => guard.refreshFromStore(),
    channels: notifiers.map(({ channel }) => channel),
    wakeFirewalls: deps.wakeFirewalls,
    wakePipeline: deps.wakePipeline,
    takeAlert: deps.takeAlert,
    refusals: deps.refusals.counts,
    now,
    log,
  };
}

/** By what is known at this moment; nobody is asked. */
async function decideNow(
  { config, edges: { store, guard, providers, now }, intelligence }: AnsweringDeps,
  { ip, sightings }: AddressReport,
): Promise<DecisionNow> {
  const latest: Latest = sightings[0] ?? neverSeen;
  const { searchName } = latest;
  const plan = intelligence.planOf({ searchName, askedMode: latest.settings?.mode ?? null });
  const time = now();
  const wanted = { mode: blockModeOf(plan.mode), now: time, windows: intelligence.windows };
  const facts = (await store.factsOf([ip], wanted)).get(ip);
  if (facts === undefined) {
    throw new Error(`the store told nothing about ${ip}`);
  }
  const findings = freshFindings(facts.findings, intelligence.enrich.local(ip), time);
  const { activity } = facts;
  const { open, forHints } = intelligence.openProviders({
    ip,
    policy: plan.policy,
    findings,
    activity,
    now: time,
  });
  const decision = decide({
    alertId: latest.alertId,
    ip,
    findings,
    policy: plan.policy,
    shadow: config.shadow,
    providers,
    mode: plan.mode,
    protectedReason: guard.protectedReason(ip),
    standing: facts.standing,
    offences: facts.offences,
    // Those who are still to be asked are not missing.
    inputs: { searchName, ...seenOf(latest, plan), activity, missing: [] },
    isFinal: false,
    doubt: null,
    now: time,
  });
  const { graceUntil } = facts.standing;
  const isLetOut = graceUntil !== null && graceUntil > time;
  const isSettled = isLetOut || decision.action === "block" || decision.action === "ignore";
  return { ...decision, missing: isSettled ? [] : open.filter((name) => !forHints.includes(name)) };
}

const neverSeen = {
  alertId: "",
  searchName: null,
  settings: null,
  sighting: { severity: null, count: 0 },
} as const;

type Latest = Pick<SightingReport, "alertId" | "searchName" | "settings"> & {
  readonly sighting: Pick<Sighting, "severity" | "count">;
};

function seenOf({ sighting }: Latest, { severity, askedMode }: SearchPlan) {
  return {
    severity: sighting.severity ?? severity ?? "medium",
    count: sighting.count,
    ...(askedMode === null ? {} : { askedMode }),
  };
}

/** As the policy of its search would block it now. */
async function targetOfHold(
  { edges: { store, guard, now: clock }, intelligence }: AnsweringDeps,
  { decision, searchName, askedMode }: Hold,
): Promise<HoldTarget> {
  const { ip, inputs, findings } = decision;
  const { groups, firewalls, mode, policy } = intelligence.planOf({
    searchName,
    askedMode,
  });
  const now = clock();
  const neighbours = mayAggregate(ip, policy.aggregate)
    ? await store.neighbours(ip, blockModeOf(mode), now)
    : null;
  const { prefix } =
    neighbours === null
      ? { prefix: prefixOf(ip) }
      : blockNetwork({
          ip,
          aggregate: policy.aggregate,
          neighbours,
          protectedReason: guard.protectedReason,
        });
  return { prefix, groups, firewalls, mode, seconds: secondsOf(policy, inputs.offences, findings) };
}

function secondsOf(policy: SearchPlan["policy"], offences: number, findings: Decision["findings"]): number {
  const { seconds } = blockTime({ ...cleanRecord, level: offences }, policy, new Date());
  const action = weighHints(findings, policy.hints)?.action;
  return typeof action === "object" ? Math.min(seconds, action.atMostSeconds) : seconds;
}

const pastAtOnce = 500;

/** Replays the past page by page. @returns the mistakes in the text instead when it is no policy */
async function replayPast(
  { config, edges: { store, guard } }: AnsweringDeps,
  { text, since }: { readonly text: string; readonly since: Date },
  signal: AbortSignal,
): Promise<BacktestReport | { readonly problems: readonly string[] }> {
  const read = readPolicyText(text, {
    base: config.policy,
    searches: config.searches,
    versionOf: policyVersion,
  });
  if ("problems" in read) {
    return read;
  }
  const { policy, searches } = read;
  const backtest = createBacktest({ policy, searches, protectedReason: guard.protectedReason });
  let cursor: string | null = null;
  do {
    const page: { readonly items: readonly PastDecision[]; readonly next: string | null } =
      await store.pastDecisions({ since, limit: pastAtOnce, cursor });
    for (const past of page.items) {
      backtest.add(past);
    }
    cursor = page.next;
  } while (cursor !== null && !signal.aborted);
  return { policyVersion: policy.version, ...backtest.result() };
}
