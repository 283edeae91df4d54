import { fromWebhook } from "../domain/alert-source.ts";
import { AppError } from "../domain/errors.ts";
import type { Alarm, Log, SplunkApi, Store, WaitingRecovery } from "../ports.ts";
import { createAcceptAlert } from "./accept-alerts.ts";
import { recoverOne, type RecoverOneDeps } from "./recover-one.ts";
import { type Failure, judgeFailure } from "./recovery-failure.ts";

export interface RecoverRowsDeps {
  readonly splunk: Pick<SplunkApi, "label" | "job" | "results">;
  readonly store: RecoverOneDeps["store"] &
    Pick<
      Store,
      "insertAlerts" | "claimRecoveries" | "postponeRecovery" | "endRecovery" | "raiseAlarm" | "endAlarm"
    >;
  /** Channels that are told of alarms. */
  readonly channels: readonly string[];
  readonly requireGenuine: boolean;
  readonly holder: string;
  /** Rows were recovered, or alerts confirmed: there is something to do for the pipeline. */
  readonly onRecovered: () => void;
  readonly now: () => Date;
  readonly log: Log;
}

/** Splunk searches one after the other for each user; so many questions at a time keep it busy and no more. */
const atOnce = 8;
/** Longer than Splunk needs for a page. */
const leaseMs = 5 * 60_000;
/** How often it is looked whether there is something to do. */
const pollMs = 1000;

export const rowsAlarm = "splunk-rows";

/**
 * Asks Splunk about what waits for it. While it can't be reached, or refuses the login, nobody else is asked about in vain: a wrong password,
 * tried again and again, locks the account.
 * @returns a step for a loop; it resolves with the milliseconds until the next is useful
 */
export function createRecoverRows(deps: RecoverRowsDeps): (signal: AbortSignal) => Promise<number> {
  const accept = createAcceptAlert(deps.store);
  let quietUntil = new Date(0);
  /** Whether an alarm may be open; at the start nobody knows. */
  let isAlarmed = true;

  const succeed = async (): Promise<void> => {
    quietUntil = new Date(0);
    if (isAlarmed) {
      isAlarmed = false;
      await deps.store.endAlarm(rowsAlarm, deps.now());
    }
  };

  const fail = async (recovery: WaitingRecovery, failure: Failure): Promise<void> => {
    const now = deps.now();
    const { sid, attempts } = recovery;
    deps.log.warn({ sid, attempts, reason: failure.reason }, "rows of an alert could not be fetched");
    await (failure.retryAt === null
      ? giveUp(deps, recovery, failure)
      : deps.store.postponeRecovery(sid, failure.retryAt, failure.reason));
    quietUntil = failure.quietUntil ?? quietUntil;
    if (failure.alarm !== null) {
      isAlarmed = true;
      await deps.store.raiseAlarm(alarmOf(deps.splunk, failure), deps.channels, now);
    }
  };

  const work = async (recovery: WaitingRecovery, signal: AbortSignal): Promise<void> => {
    try {
      const end = await recoverOne({ ...deps, accept, leaseMs }, recovery, signal);
      if (end !== undefined) {
        await deps.store.endRecovery(end, deps.now());
        deps.onRecovered();
        const { sid, outcome, rows, error } = end;
        deps.log.info({ sid, outcome, rows, reason: error }, "Splunk was asked about an alert");
        await succeed();
      }
    } catch (error) {
      // What was cut off by a stop goes on at the next start; a failure of the store is the loop's.
      if (signal.aborted || !isOfSplunk(error)) {
        throw error;
      }
      await fail(recovery, judgeFailure(error, recovery, deps.now()));
    }
  };

  return async (signal) => {
    const now = deps.now();
    if (quietUntil > now) {
      return Math.min(pollMs, quietUntil.getTime() - now.getTime());
    }
    const { holder } = deps;
    const claimed = await deps.store.claimRecoveries({ holder, limit: atOnce, now, leaseMs });
    const outcomes = await Promise.allSettled(claimed.map((recovery) => work(recovery, signal)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined && !signal.aborted) {
      throw failed.reason;
    }
    return claimed.length > 0 ? 0 : pollMs;
  };
}

function isOfSplunk(error: unknown): error is AppError {
  return error instanceof AppError && error.code.startsWith("SPLUNK_");
}

async function giveUp(
  { store, now }: RecoverRowsDeps,
  { sid, wants }: WaitingRecovery,
  { reason, isUnknown }: Failure,
): Promise<void> {
  const delivered = await store.alertsOfSid(sid, [fromWebhook]);
  const checked = delivered.map(({ id }) => ({
    alertId: id,
    isGenuine: isUnknown ? false : null,
    doubt: reason,
  }));
  await store.endRecovery({ sid, wants, outcome: "failed", rows: 0, error: reason, checked }, now());
}

function alarmOf(
  { label }: Pick<SplunkApi, "label">,
  { reason, alarm }: Failure,
): Pick<Alarm, "key" | "message" | "advice"> {
  return {
    key: rowsAlarm,
    message: `Splunk (${label}) did not give the rows of an alert, so that only its first row was worked on: ${reason}.`,
    advice: alarm ?? "",
  };
}
