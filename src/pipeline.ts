import type { Alert, Sighting } from "./domain/alert.ts";
import { cleanText } from "./domain/clean-text.ts";
import { messageOf } from "./domain/errors.ts";
import type { Loop } from "./loop.ts";
import { startLoop } from "./loop.ts";
import { startDeciding } from "./pipeline/deciding.ts";
import type { PipelineDeps } from "./pipeline/deps.ts";
import { startLookingUp } from "./pipeline/looking-up.ts";
import { createCrowdLimit, leaseMs, pollMs } from "./pipeline/pace.ts";
import { reviewHolds } from "./pipeline/review-holds.ts";

export type { PipelineDeps, Question } from "./pipeline/deps.ts";

export interface Pipeline {
  /** There is a new alert. */
  readonly wake: () => void;
  stop(): Promise<void>;
}

const alertsAtOnce = 50;
/** Characters of a search's name in the log. */
const mostNamed = 200;

/**
 * alert → sightings → findings → decision → (block, notifications). What waits is in the store; this only moves it on:
 * `extract` makes sightings of alerts, `decide` takes sightings and decides each (`pipeline/decide-sighting.ts`) or parks it for providers,
 * one loop per provider asks what waits for it, and one looks again at what was held for want of an answer.
 */
export function startPipeline(deps: PipelineDeps): Pipeline {
  const lookingUp = startLookingUp(deps, () => {
    deciding.wake();
  });
  const deciding: Loop = startDeciding(deps, lookingUp.wake);
  const reviewing = startLoop("review holds", (signal) => reviewHolds(deps, signal), deps.log);
  const crowdedPauseMs = createCrowdLimit(deps);
  const extracting = startLoop(
    "extract",
    async () => crowdedPauseMs() || (await extractWaiting(deps, deciding)),
    deps.log,
  );
  return {
    wake: extracting.wake,
    async stop() {
      await Promise.all([extracting.stop(), deciding.stop(), lookingUp.stop(), reviewing.stop()]);
    },
  };
}

async function extractWaiting(deps: PipelineDeps, deciding: Loop): Promise<number> {
  const alerts = await deps.store.claimAlerts({
    holder: deps.holder,
    limit: alertsAtOnce,
    now: deps.now(),
    leaseMs,
  });
  // All at once, so that they share commits; and all are waited for, so that none outlives a stop.
  const outcomes = await Promise.allSettled(alerts.map((alert) => extractOne(deps, alert)));
  if (alerts.length > 0) {
    deciding.wake();
  }
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    throw failed.reason;
  }
  // A claim is also limited by size, so a small one does not mean that it was the last.
  return alerts.length > 0 ? 0 : pollMs;
}

async function extractOne(deps: PipelineDeps, alert: Alert): Promise<void> {
  let sightings: readonly Sighting[];
  try {
    sightings = deps.extract(alert);
  } catch (error) {
    deps.log.error(
      { alertId: alert.id, error: messageOf(error) },
      "alert can't be processed, kept as failed",
    );
    await deps.store.failAlert(alert.id, messageOf(error));
    return;
  }
  const followUp = deps.followUp(alert);
  await deps.store.recordSightings(alert.id, sightings, deps.now(), followUp);
  if (followUp.recovery !== null) {
    deps.onRecoveryWanted();
  }
  const noted = {
    alertId: alert.id,
    searchName: alert.searchName === null ? null : cleanText(alert.searchName, mostNamed),
    rows: alert.rows.length,
    addresses: sightings.length,
  };
  if (sightings.length === 0) {
    deps.log.warn(noted, "alert names no address");
  } else {
    deps.log.info(noted, "alert");
  }
}
