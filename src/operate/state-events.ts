import type { Mode } from "../domain/decision.ts";
import { toldTime, type ToldEvent, type ToldValue } from "../domain/told-event.ts";
import type { Controls, Store, StoreCounts } from "../ports.ts";
import type { ProviderReport, ProviderStates } from "./read-providers.ts";
import { reportProviders } from "./read-providers.ts";

export interface StateDeps {
  readonly store: Pick<Store, "counts" | "controls">;
  readonly providers: ProviderStates;
  readonly mode: Mode;
  readonly now: () => Date;
}

/** How things stand, with the time of the period: the program as a whole, and each window of each provider's quota. @throws {AppError} STORE_UNAVAILABLE */
export async function stateEvents(
  { store, providers, mode, now }: StateDeps,
  period: Date,
): Promise<readonly ToldEvent[]> {
  const [counts, controls, reports] = await Promise.all([
    store.counts(now()),
    store.controls(),
    reportProviders(providers),
  ]);
  return [
    statusEvent({ counts, controls, mode }, period),
    ...reports.flatMap((report) => providerEvents(report, period)),
  ];
}

interface Standing {
  readonly counts: StoreCounts;
  readonly controls: Controls;
  readonly mode: Mode;
}

function statusEvent({ counts, controls, mode }: Standing, period: Date): ToldEvent {
  return {
    id: `status:${period.getTime()}`,
    kind: "status",
    at: period,
    fields: {
      mode,
      paused: controls.paused !== null,
      alerts_waiting: counts.alertsWaiting,
      sightings_waiting: counts.sightingsWaiting,
      look_ups_waiting: counts.lookUpsWaiting,
      holds_waiting: counts.holdsWaiting,
      blocks_standing: counts.blocksStanding,
      enforcements_pending: counts.enforcementsPending,
      notifications_waiting: counts.notificationsWaiting,
      notifications_failed: counts.notificationsFailed,
      alarms_open: counts.alarmsOpen,
      unreadable_lately: counts.unreadableLately,
    },
  };
}

/** One for each window; the budget for whole networks has windows of its own, `network_day`. One without windows is told too. */
function providerEvents(report: ProviderReport, period: Date): readonly ToldEvent[] {
  const windows = [
    ...report.windows.map((window) => ({ ...window, title: window.name as string })),
    ...(report.network?.windows ?? []).map((window) => ({ ...window, title: `network_${window.name}` })),
  ];
  const { name: provider, state } = report;
  const event = (window: string, fields: Readonly<Record<string, ToldValue>>): ToldEvent => ({
    id: `provider:${provider}:${window}:${period.getTime()}`,
    kind: "provider",
    at: period,
    fields: { provider, state, waiting: report.waiting, ...fields },
  });
  return windows.length === 0
    ? [event("none", {})]
    : windows.map(({ title, limit, used, left, resetsAt }) =>
        event(title, { window: title, limit, used, left, resets_at: toldTime(resetsAt) }),
      );
}
