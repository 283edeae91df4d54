import { setTimeout } from "node:timers/promises";
import type { Config } from "./config/config.ts";
import { blockNetwork, mayAggregate } from "./decide/block-network.ts";
import { isFor } from "./decide/block-target.ts";
import { decide } from "./decide/decide.ts";
import type { Alert, Sighting } from "./domain/alert.ts";
import type { Decision } from "./domain/decision.ts";
import type { IpAddress } from "./domain/ip-address.ts";
import type { Policy } from "./domain/policy.ts";
import { createCanaryRule } from "./enforce/canary-rule.ts";
import { createReconciler } from "./enforce/reconciler.ts";
import type { Refusals } from "./ingest/refusals.ts";
import { type Loop, startLoop } from "./loop.ts";
import { newsIn } from "./notify/contents.ts";
import type { Intelligence } from "./intelligence.ts";
import { type Pipeline, type PipelineDeps, type Question, startPipeline } from "./pipeline.ts";
import type { Edges, Identity } from "./app.ts";
import type { Firewall, Log, Neighbours } from "./ports.ts";
import { isEnforcing } from "./config/is-enforcing.ts";
import { messageOf } from "./domain/errors.ts";
import { policyText } from "./decide/policy-text.ts";
import { startOutbox } from "./telling.ts";
import { startUpkeep } from "./upkeep.ts";
import { confirming, startRecovering } from "./recovering.ts";

export interface BackgroundDeps {
  readonly config: Config;
  readonly edges: Edges;
  readonly identity: Identity;
  readonly log: Log;
  readonly extract: (alert: Alert) => readonly Sighting[];
  readonly intelligence: Intelligence;
  /** True while deliveries queue up. */
  readonly isCrowded: () => boolean;
  readonly refusals: Pick<Refusals, "settle">;
}

export interface Background {
  start(): Promise<void>;
  /** Ends what has begun. Harmless when called twice. */
  stop(): Promise<void>;
  /** There is a new alert. */
  readonly wakePipeline: () => void;
  /** The blocks that should stand have changed. */
  readonly wakeFirewalls: () => void;
}

/** How long the first decision waits for the firewalls to tell their own addresses. */
const introductionMs = 3000;

/** What goes on after the answer: the pipeline, one reconciler per firewall, one outbox per channel. */
export function createBackground(deps: BackgroundDeps): Background {
  const { config, edges, log } = deps;
  const isStopped = new AbortController();
  let loops: readonly Loop[] = [];
  let outboxes: readonly Loop[] = [];
  let reconcilers: readonly Reconciling[] = [];
  let pipeline: Promise<Pipeline | undefined> = Promise.resolve(undefined);
  let wakePipeline = (): void => undefined;
  let onRecoveryWanted = (): void => undefined;

  const canaries = new Set(config.firewalls.flatMap(({ isCanary, name }) => (isCanary ? [name] : [])));
  const onDecided = ({ action }: Decision): void => {
    wakeAll(action === "block" ? [...reconcilers, ...outboxes] : action === "hold" ? outboxes : []);
  };

  // Before anything is decided: what must never be blocked.
  const startWhenIntroduced = async (): Promise<Pipeline | undefined> => {
    await introductions(reconcilers, isStopped.signal);
    await edges.guard.refreshFromStore();
    if (isStopped.signal.aborted) {
      return undefined;
    }
    await preparePast(deps);
    const wakes = { onDecided, onRecoveryWanted };
    const started = startPipeline({ ...pipelineEdges(deps), ...wakes, isCrowded: deps.isCrowded, log });
    wakePipeline = started.wake;
    return started;
  };

  return {
    async start() {
      const isComplete = await edges.guard.refresh();
      outboxes = edges.notifiers.map((notifier) => startOutbox(deps, notifier, newsIn(edges.store)));
      reconcilers = edges.firewalls.map((firewall) =>
        startReconciler(deps, firewall, () => {
          wakeAll(outboxes);
          if (canaries.has(firewall.name)) {
            // What it has found harmless waits for the others.
            wakeAll(reconcilers.filter((_reconciler, n) => !canaries.has(edges.firewalls[n]?.name ?? "")));
          }
        }),
      );
      const recovering = startRecovering({
        ...deps,
        onAlerts: () => {
          wakePipeline();
        },
      });
      onRecoveryWanted = recovering.wake;
      loops = [...startUpkeep(deps, isComplete), ...recovering.loops, ...reconcilers, ...outboxes];
      pipeline = startWhenIntroduced();
    },
    async stop() {
      isStopped.abort();
      await (await pipeline)?.stop();
      await Promise.all(loops.map((loop) => loop.stop()));
    },
    wakePipeline: () => {
      wakePipeline();
    },
    wakeFirewalls: () => {
      wakeAll(reconcilers);
    },
  };
}

/** Resolves when every firewall has told its own addresses, or it has taken too long. */
async function introductions(reconcilers: readonly Reconciling[], signal: AbortSignal): Promise<void> {
  await Promise.race([
    Promise.all(reconcilers.map(({ introduced }) => introduced)),
    setTimeout(introductionMs, undefined, { signal }).catch(() => undefined),
  ]);
}

/** What this run decides by. */
async function preparePast({ config, edges, intelligence, log }: BackgroundDeps): Promise<void> {
  const { store, now } = edges;
  try {
    const used: readonly (readonly [role: string, policy: Policy])[] = [
      ["live", config.policy],
      ...config.searches.flatMap(({ name, policy }) => (policy === null ? [] : [[name, policy] as const])),
      ...(config.shadow === null ? [] : [["shadow", config.shadow] as const]),
    ];
    for (const [role, policy] of used) {
      await store.notePolicy({
        version: policy.version,
        role,
        policy: policyText(policy),
        firstUsedAt: now(),
      });
    }
  } catch (error) {
    log.error(
      { error: messageOf(error) },
      "the policies could not be put on record, will be at the next start",
    );
  }
  void intelligence.enrich.checkKeys(AbortSignal.timeout(keyCheckMs));
}

/** For what providers say of their keys at the start. */
const keyCheckMs = 15_000;

function pipelineEdges({
  config,
  edges,
  identity,
  extract,
  intelligence,
}: BackgroundDeps): Omit<PipelineDeps, "onDecided" | "onRecoveryWanted" | "isCrowded" | "log"> {
  const { store, providers, notifiers, guard, now } = edges;
  const { protectedReason, confirmCrawler } = guard;
  // Nobody is asked for the shadow's sake, so where it would have to ask it says nothing.
  const knowsEnough = (shadow: Policy | null, { ip, findings, inputs, now: time }: Question): boolean =>
    shadow !== null &&
    intelligence.openProviders({ ip, policy: shadow, findings, activity: inputs.activity, now: time }).open
      .length === 0;
  return {
    ...intelligence,
    store,
    extract,
    ...confirming({ config, edges }),
    protectedReason,
    confirmCrawler,
    providers: providers.map(({ name }) => name),
    decide: (question: Question): Decision =>
      decide({ ...question, shadow: knowsEnough(config.shadow, question) ? config.shadow : null, providers }),
    mayAggregate: (ip: IpAddress, { aggregate }: Policy) => mayAggregate(ip, aggregate),
    blockNetwork: (ip: IpAddress, { aggregate }: Policy, neighbours: Neighbours) =>
      blockNetwork({ ip, aggregate, neighbours, protectedReason }),
    limits: config.limits,
    channels: notifiers.map(({ channel }) => channel),
    holder: identity.holder,
    now,
  };
}

interface Reconciling extends Loop {
  /** Resolves after the first round, whether it succeeded or not. */
  readonly introduced: Promise<void>;
}

function startReconciler(
  { config, edges: { store, guard, now }, identity: { holder }, log }: BackgroundDeps,
  firewall: Firewall,
  onReconciled: () => void,
): Reconciling {
  const settings = config.firewalls.find(({ name }) => name === firewall.name);
  const isCanary = settings?.isCanary ?? false;
  const canaries = config.firewalls.filter((one) => one.isCanary && one.isEnabled).map(({ name }) => name);
  const reconciler = createReconciler({
    firewall,
    store,
    holder,
    log,
    now,
    protectedReason: guard.protectedReason,
    isFor: (groups) => isFor(groups, settings?.groups ?? []),
    isCanary,
    waitsFor: createCanaryRule({ canaries: isCanary ? [] : canaries, store, now }),
    // Where nothing is enforced, a firewall is connected to only to take off what a person lifted.
    liftsOnly: !isEnforcing(config),
  });
  const { promise: introduced, resolve: introduce } = Promise.withResolvers<void>();
  const loop = startLoop(
    `firewall ${firewall.name}`,
    async (signal) => {
      try {
        const pauseMs = await reconciler.step(signal);
        onReconciled();
        return pauseMs;
      } finally {
        introduce();
      }
    },
    log,
  );
  return { ...loop, introduced };
}

function wakeAll(loops: readonly Loop[]): void {
  for (const loop of loops) {
    loop.wake();
  }
}
