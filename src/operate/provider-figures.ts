import { Counter, Gauge, type Registry } from "prom-client";
import type { Controls } from "../ports.ts";
import type { ListReport, ProviderReport } from "./read-providers.ts";

interface Known {
  readonly providers: readonly ProviderReport[];
  readonly lists: readonly ListReport[];
}

/** Registers what is told of providers, of lists, and whether new blocks are paused. @returns a function that sets it */
export function createProviderFigures(registry: Registry): (known: Known, controls: Controls) => void {
  const setBudgets = createBudgetFigures(registry);
  const about = (name: string, help: string) => ({
    name: `portcullis_${name}`,
    help,
    labelNames: ["list"] as const,
    registers: [registry],
  });
  const entries = new Gauge(about("list_entries", "Networks on the list."));
  const age = new Gauge(about("list_age_seconds", "Since the list was last known to be the newest."));
  const paused = new Gauge({
    name: "portcullis_paused",
    help: "1 while new blocks are paused.",
    registers: [registry],
  });
  return ({ providers, lists }, controls) => {
    setBudgets(providers);
    paused.set(controls.paused === null ? 0 : 1);
    entries.reset();
    age.reset();
    for (const list of lists) {
      entries.set({ list: list.name }, list.entries);
      age.set({ list: list.name }, list.ageSeconds);
    }
  };
}

function createBudgetFigures(registry: Registry): (providers: readonly ProviderReport[]) => void {
  const registers = [registry];
  const perWindow = ["provider", "window"] as const;
  const left = new Gauge({
    name: "portcullis_provider_quota_left",
    help: "Look-ups left in the window.",
    labelNames: perWindow,
    registers,
  });
  const limit = new Gauge({
    name: "portcullis_provider_quota_limit",
    help: "Look-ups that the window has.",
    labelNames: perWindow,
    registers,
  });
  const waiting = new Gauge({
    name: "portcullis_look_ups_waiting",
    help: "Addresses about which the provider is still to be asked.",
    labelNames: ["provider"],
    registers,
  });
  const total = new Counter({
    name: "portcullis_look_ups_total",
    help: "Look-ups that were paid, by what came of them.",
    labelNames: ["provider", "outcome"],
    registers,
  });
  return (providers) => {
    for (const metric of [left, limit, waiting, total]) {
      metric.reset();
    }
    for (const { name: provider, windows, waiting: count, totals } of providers) {
      for (const window of windows) {
        left.set({ provider, window: window.name }, window.left);
        limit.set({ provider, window: window.name }, window.limit);
      }
      waiting.set({ provider }, count);
      for (const outcome of ["known", "unknown", "failed"] as const) {
        total.inc({ provider, outcome }, totals[outcome]);
      }
    }
  };
}
