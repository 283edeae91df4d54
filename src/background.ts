import type { Config } from "./config/config.ts";
import { decide } from "./decide/decide.ts";
import type { Alert, Sighting } from "./domain/alert.ts";
import type { Decision } from "./domain/decision.ts";
import type { IpAddress, IpPrefix } from "./domain/ip-address.ts";
import { createReconciler } from "./enforce/reconciler.ts";
import { createEnrich } from "./enrich/enrich.ts";
import { type Loop, startLoop } from "./loop.ts";
import { sendDue } from "./notify/send-due.ts";
import { type Pipeline, startPipeline } from "./pipeline.ts";
import type { Edges, Identity } from "./app.ts";
import type { Firewall, Log, Notifier } from "./ports.ts";

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
  wakePipeline(): void;
  /** The blocks that should stand have changed. */
  readonly wakeFirewalls: () => void;
}

const ownAddressesRefreshMs = 300_000;

/** What goes on after the answer: the pipeline, one reconciler per firewall, one outbox per channel. */
export function createBackground(deps: BackgroundDeps): Background {
  const { config, edges, log } = deps;
  // Only in mode `enforce` does anything ever connect to a firewall.
  const firewalls = config.mode === "enforce" ? edges.firewalls : [];
  let pipeline: Pipeline | undefined;
  let loops: readonly Loop[] = [];
  let outboxes: readonly Loop[] = [];
  let reconcilers: readonly Loop[] = [];

  return {
    async start() {
      // Before anything can be decided: what must never be blocked.
      await edges.ownAddresses.refresh();
      outboxes = edges.notifiers.map((notifier) => startOutbox(deps, notifier));
      const onReconciled = (): void => {
        wakeAll(outboxes);
      };
      reconcilers = firewalls.map((firewall) => startReconciler(deps, firewall, onReconciled));
      loops = [startRefreshing(deps), ...reconcilers, ...outboxes];
      pipeline = startPipeline({
        ...pipelineEdges(deps),
        mode: config.mode,
        firewalls: firewalls.map(({ name }) => name),
        onDecided: ({ action }: Decision) => {
          if (action === "block") {
            wakeAll(reconcilers);
          }
          if (action === "block" || action === "hold") {
            wakeAll(outboxes);
          }
        },
        isCrowded: deps.isCrowded,
        log,
      });
    },
    async stop() {
      await pipeline?.stop();
      await Promise.all(loops.map((loop) => loop.stop()));
    },
    wakePipeline() {
      pipeline?.wake();
    },
    wakeFirewalls() {
      wakeAll(reconcilers);
    },
  };
}

function pipelineEdges({ config, edges, identity, log, extract, protectedReason }: BackgroundDeps) {
  const { store, providers, notifiers, now } = edges;
  const providerNames = providers.map(({ name }) => name);
  const enrich = createEnrich({ providers, store, findingSeconds: config.findingSeconds, now, log });
  return {
    store,
    extract,
    protectedReason,
    enrich,
    decide: (question: Parameters<Parameters<typeof startPipeline>[0]["decide"]>[0]): Decision =>
      decide({ ...question, policy: config.policy, providers: providerNames }),
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

function startReconciler(
  { edges: { store, now }, identity: { holder }, log, protectedReason }: BackgroundDeps,
  firewall: Firewall,
  onReconciled: () => void,
): Loop {
  const reconciler = createReconciler({ firewall, store, holder, log, now, protectedReason });
  return startLoop(
    `firewall ${firewall.name}`,
    async (signal) => {
      const pauseMs = await reconciler.step(signal);
      onReconciled();
      return pauseMs;
    },
    log,
  );
}

function startRefreshing({ edges: { ownAddresses }, log }: BackgroundDeps): Loop {
  const refresh = async (): Promise<number> => {
    await ownAddresses.refresh();
    return ownAddressesRefreshMs;
  };
  return startLoop("own addresses", refresh, log);
}

function wakeAll(loops: readonly Loop[]): void {
  for (const loop of loops) {
    loop.wake();
  }
}
