import { Counter, Gauge, type Registry } from "prom-client";
import type { StoreCounts } from "../ports.ts";
import type { FirewallReport } from "./read-firewalls.ts";

/** Left out is what providers tell one by one, and what a query of the others tells. */
type Count = Exclude<
  keyof StoreCounts,
  "decisions" | "lookUpsWaiting" | "unreadableLately" | "lastUnreadableAt"
>;

const storeGauges: Readonly<Record<Count, readonly [name: string, help: string]>> = {
  alerts: ["alerts", "Alerts on record."],
  alertsWaiting: ["alerts_waiting", "Alerts not yet read."],
  alertsFailed: ["alerts_failed", "Alerts that could not be processed."],
  sightingsWaiting: ["sightings_waiting", "Sighted addresses not yet decided."],
  sightingsFailed: ["sightings_failed", "Sighted addresses that could not be decided."],
  notificationsWaiting: ["notifications_waiting", "Notifications not yet sent."],
  notificationsFailed: ["notifications_failed", "Notifications that were given up."],
  unreadableDeliveries: ["deliveries_unreadable", "Authenticated deliveries that could not be read."],
  blocksStanding: ["blocks_standing", "Blocks that should be in force."],
  enforcementsPending: ["enforcements_pending", "Blocks to be put on or taken off, over all firewalls."],
  holdsWaiting: ["holds_waiting", "Decisions that wait for a person."],
  alarmsOpen: ["alarms_open", "Alarms that go on."],
  shadowDifferences: ["shadow_differences", "Decisions in which the shadow policy differs."],
  recoveriesWaiting: ["recoveries_waiting", "Runs of searches about which Splunk is still to be asked."],
  recoveriesFailed: ["recoveries_failed", "Runs of searches whose rows could not be fetched."],
  rowsRecovered: ["rows_recovered", "Rows that were fetched from Splunk."],
};

/** Registers what is told of the store as a whole. @returns a function that sets it; `withdrawn`: standing blocks that a canary took off */
export function createStoreFigures(registry: Registry): (counts: StoreCounts, withdrawn: number) => void {
  const registers = [registry];
  const gauges = new Map(
    Object.entries(storeGauges).map(([count, [name, help]]) => [
      count,
      new Gauge({ name: `portcullis_${name}`, help, registers }),
    ]),
  );
  const blocksWithdrawn = new Gauge({
    name: "portcullis_blocks_withdrawn",
    help: "Standing blocks that were taken off a canary because it did not answer any more with them.",
    registers,
  });
  const decisions = new Counter({
    name: "portcullis_decisions_total",
    help: "Decisions on record.",
    labelNames: ["action"],
    registers,
  });
  return ({ decisions: byAction, ...counts }, withdrawn) => {
    for (const [name, count] of Object.entries(counts)) {
      if (typeof count === "number") {
        gauges.get(name)?.set(count);
      }
    }
    blocksWithdrawn.set(withdrawn);
    decisions.reset();
    for (const [action, count] of Object.entries(byAction)) {
      decisions.inc({ action }, count);
    }
  };
}

/** Registers what is told of each firewall. @returns a function that sets it for these and no others */
export function createFirewallFigures(registry: Registry): (firewalls: readonly FirewallReport[]) => void {
  const about = (name: string, help: string) => ({
    name: `portcullis_firewall_${name}`,
    help,
    labelNames: ["firewall"] as const,
    registers: [registry],
  });
  const drifts = new Counter(
    about(
      "drifts_total",
      "How often something was found there that Portcullis had not put there, or not so.",
    ),
  );
  const capacityUsed = new Gauge(about("capacity_used", "Networks in its fullest list."));
  const capacityMost = new Gauge(about("capacity_most", "Networks that this list can hold."));
  const told = [
    [
      new Gauge(about("in_sync", "1 when it was last seen to hold exactly the blocks that stand.")),
      ({ state }: FirewallReport) => (state === "in-sync" ? 1 : 0),
    ],
    [
      new Gauge(about("pending", "Blocks to be put on or taken off.")),
      ({ pending }: FirewallReport) => pending,
    ],
    [
      new Gauge(about("lag_seconds", "Age of the oldest of them; 0 when none waits.")),
      ({ lagSeconds }: FirewallReport) => lagSeconds,
    ],
    [
      new Gauge(
        about("unreachable_since_seconds", "Unix time since when it does not answer; 0 while it does."),
      ),
      ({ unreachableSince }: FirewallReport) => (unreachableSince?.getTime() ?? 0) / 1000,
    ],
  ] as const;
  return (firewalls) => {
    for (const metric of [drifts, capacityUsed, capacityMost, ...told.map(([gauge]) => gauge)]) {
      metric.reset();
    }
    for (const report of firewalls) {
      const { name: firewall, capacity } = report;
      for (const [gauge, figure] of told) {
        gauge.set({ firewall }, figure(report));
      }
      drifts.inc({ firewall }, report.drifts);
      if (capacity !== null) {
        capacityUsed.set({ firewall }, capacity.used);
        capacityMost.set({ firewall }, capacity.most);
      }
    }
  };
}
