import { setTimeout } from "node:timers/promises";
import type { Config } from "./config/config.ts";
import { blockNetwork, mayAggregate } from "./decide/block-network.ts";
import { createBlockTarget, isFor } from "./decide/block-target.ts";
import { decide } from "./decide/decide.ts";
import type { Alert, Sighting } from "./domain/alert.ts";
import type { Decision } from "./domain/decision.ts";
import type { IpAddress, IpPrefix } from "./domain/ip-address.ts";
import { createCanaryRule } from "./enforce/canary-rule.ts";
import { createReconciler } from "./enforce/reconciler.ts";
import { createEnrich } from "./enrich/enrich.ts";
import { type Loop, startLoop } from "./loop.ts";
import { sendDue } from "./notify/send-due.ts";
import { type Pipeline, type Question, startPipeline } from "./pipeline.ts";
import type { Edges, Identity } from "./app.ts";
import type { Firewall, Log, Neighbours, Notifier } from "./ports.ts";

export interface BackgroundDeps {
  readonly config: Config;
  readonly edges: Edges;
  readonly identity: Identity;
  readonly log: Log;
  readonly extract: (alert: Pick<Alert, "rows">) => readonly Sighting[];
  /** Why this may never be blocked, or null. */
  readonly protectedReason: (prefix: IpPrefix | IpAddress) => string | null;
  /** True while deliveries queue up. */
  readonly isCrowded: () => boolean;
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

const refreshMs = 300_000;
/** While a host that must be protected could not be resolved. */
const refreshSoonMs = 15_000;
/** What firewalls tell of themselves comes from the store: it costs nobody a question. */
const refreshFirewallsMs = 5000;
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

  const isCanary = (firewall: Firewall | undefined): boolean =>
    config.firewalls.some((one) => one.isCanary && one.name === firewall?.name);
  const onDecided = ({ action }: Decision): void => {
    wakeAll(action === "block" ? [...reconcilers, ...outboxes] : action === "hold" ? outboxes : []);
  };

  // Before anything is decided: what must never be blocked.
  const startWhenIntroduced = async (): Promise<Pipeline | undefined> => {
    await Promise.race([
      Promise.all(reconcilers.map(({ introduced }) => introduced)),
      setTimeout(introductionMs, undefined, { signal: isStopped.signal }).catch(() => undefined),
    ]);
    await edges.ownAddresses.refreshFirewalls();
    if (isStopped.signal.aborted) {
      return undefined;
    }
    const started = startPipeline({
      ...pipelineEdges(deps),
      mode: config.mode,
      onDecided,
      isCrowded: deps.isCrowded,
      log,
    });
    wakePipeline = started.wake;
    return started;
  };

  return {
    async start() {
      const isComplete = await edges.ownAddresses.refresh();
      outboxes = edges.notifiers.map((notifier) => startOutbox(deps, notifier));
      reconcilers = edges.firewalls.map((firewall) =>
        startReconciler(deps, firewall, () => {
          wakeAll(outboxes);
          if (isCanary(firewall)) {
            // What it has found harmless waits for the others.
            wakeAll(reconcilers.filter((_reconciler, n) => !isCanary(edges.firewalls[n])));
          }
        }),
      );
      loops = [startRefreshing(deps, isComplete), ...reconcilers, ...outboxes];
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

function pipelineEdges({ config, edges, identity, log, extract, protectedReason }: BackgroundDeps) {
  const { store, providers, notifiers, now } = edges;
  const { aggregate } = config.policy;
  const firewalls = config.mode === "enforce" ? config.firewalls.filter(({ isEnabled }) => isEnabled) : [];
  const providerNames = providers.map(({ name }) => name);
  const enrich = createEnrich({ providers, store, findingSeconds: config.findingSeconds, now, log });
  return {
    store,
    extract,
    protectedReason,
    enrich,
    decide: (question: Question): Decision =>
      decide({ ...question, policy: config.policy, providers: providerNames }),
    targetOf: createBlockTarget({ searches: config.searches, firewalls }),
    mayAggregate: (ip: IpAddress) => mayAggregate(ip, aggregate),
    blockNetwork: (ip: IpAddress, neighbours: Neighbours) =>
      blockNetwork({ ip, aggregate, neighbours, protectedReason }),
    channels: notifiers.map(({ channel }) => channel),
    holder: identity.holder,
    now,
  };
}

function startOutbox(
  { edges: { store, now }, identity: { holder }, log }: BackgroundDeps,
  notifier: Notifier,
): Loop {
  return startLoop(
    `outbox ${notifier.channel}`,
    (signal) => sendDue({ store, notifier, holder, now, log }, signal),
    log,
  );
}

interface Reconciling extends Loop {
  /** Resolves after the first round, whether it succeeded or not. */
  readonly introduced: Promise<void>;
}

function startReconciler(
  { config, edges: { store, now }, identity: { holder }, log, protectedReason }: BackgroundDeps,
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
    protectedReason,
    isFor: (groups) => isFor(groups, settings?.groups ?? []),
    isCanary,
    waitsFor: createCanaryRule({ canaries: isCanary ? [] : canaries, store, now }),
    // Outside mode `enforce` a firewall is connected to only to take off what a person lifted.
    liftsOnly: config.mode !== "enforce",
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

/** Goes on from the first refresh, which has just been done. */
function startRefreshing({ edges: { ownAddresses }, log }: BackgroundDeps, isComplete: boolean): Loop {
  const dueAfter = (isAllKnown: boolean): number =>
    performance.now() + (isAllKnown ? refreshMs : refreshSoonMs);
  let dueMs = dueAfter(isComplete);
  const refresh = async (): Promise<number> => {
    if (performance.now() < dueMs) {
      await ownAddresses.refreshFirewalls();
    } else {
      dueMs = dueAfter(await ownAddresses.refresh());
    }
    return refreshFirewallsMs;
  };
  return startLoop("own addresses", refresh, log);
}

function wakeAll(loops: readonly Loop[]): void {
  for (const loop of loops) {
    loop.wake();
  }
}
