import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import { readFirewalls } from "./read-firewalls.ts";
import { createFirewallFigures, createStoreFigures } from "./figures.ts";
import { createProviderFigures } from "./provider-figures.ts";
import { type ProvidersDeps, readProviders } from "./read-providers.ts";
import { countWithdrawn, type StatusDeps } from "./status.ts";

/** What Prometheus reads. */
export interface Metrics {
  readonly contentType: string;
  /**
   * Reads the store, but not all the time, as nobody needs a token for it: at most once a second, and never for more than a
   * twentieth of the time.
   * @throws {AppError} STORE_UNAVAILABLE
   */
  readonly read: () => Promise<string>;
}

export interface MetricsDeps extends Omit<StatusDeps, "store"> {
  readonly store: StatusDeps["store"] & ProvidersDeps["store"];
}

/** How long a reading is given out again, at least. */
const freshMs = 1000;
/** And that many times as long as it took. */
const restShare = 20;

/** Figures of this process, and of the store at the moment they are asked for: nothing is counted twice. */
export function createMetrics(deps: MetricsDeps): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "portcullis_build_info",
    help: "Always 1.",
    labelNames: ["version", "mode"],
    registers: [registry],
  }).set({ version: deps.version, mode: deps.mode }, 1);
  const setStoreFigures = createStoreFigures(registry);
  const setFirewallFigures = createFirewallFigures(registry);
  const refused = new Counter({
    name: "portcullis_deliveries_refused_total",
    help: "Deliveries refused since the start that may have been good ones.",
    labelNames: ["reason"],
    registers: [registry],
  });
  const setProviderFigures = createProviderFigures(registry);

  const readNow = async (): Promise<string> => {
    const [counts, firewalls, withdrawn, controls, known] = await Promise.all([
      deps.store.counts(deps.now()),
      readFirewalls(deps),
      countWithdrawn(deps),
      deps.store.controls(),
      readProviders(deps),
    ]);
    setStoreFigures(counts, withdrawn);
    // Nobody should be alarmed about a firewall that is not used.
    setFirewallFigures(deps.mode === "enforce" ? firewalls.filter(({ enabled }) => enabled) : []);
    setProviderFigures(known, controls);
    refused.reset();
    for (const [reason, count] of Object.entries(deps.refusals())) {
      refused.inc({ reason }, count);
    }
    return registry.metrics();
  };
  let latest: Promise<string> | undefined;
  let freshUntilMs = 0;
  const readAnew = async (): Promise<string> => {
    const startMs = performance.now();
    try {
      return await readNow();
    } finally {
      const endMs = performance.now();
      freshUntilMs = endMs + Math.max(freshMs, restShare * (endMs - startMs));
    }
  };
  return {
    contentType: registry.contentType,
    read() {
      if (latest === undefined || performance.now() >= freshUntilMs) {
        freshUntilMs = Number.POSITIVE_INFINITY;
        latest = readAnew();
      }
      return latest;
    },
  };
}
