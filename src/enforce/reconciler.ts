import { AppError } from "../domain/errors.ts";
import { createFirewallLease } from "./firewall-lease.ts";
import { createFirewallStatus } from "./firewall-status.ts";
import { createFirewallTrouble } from "./firewall-trouble.ts";
import type { ReconcileDeps } from "./reconcile.ts";
import { reconcileChanges } from "./reconcile-changes.ts";
import { type FullOutcome, type Memory, reconcileFully } from "./reconcile-fully.ts";

export interface ReconcilerDeps extends ReconcileDeps {
  /** Names this process in leases. */
  readonly holder: string;
  /** Milliseconds of a clock that never jumps. Default is the one of this process. */
  readonly elapsedMs?: () => number;
}

/** Makes one firewall hold exactly the blocks that stand. */
export interface Reconciler {
  /**
   * One round: of everything at first, after each failure and every 60 s, else of what was requested.
   * @returns the milliseconds until it wants to run again; running it earlier does no harm
   * @throws {AppError} STORE_UNAVAILABLE; what goes wrong on the firewall is recorded and tried again
   */
  step(signal: AbortSignal): Promise<number>;
}

const fullEveryMs = 60_000;

/** How late at most a request is seen that another process wrote. */
const pollMs = 2000;

/** While another process holds the lease. */
const standByMs = 5000;

const never = Number.NEGATIVE_INFINITY;

/** A reconciler that has done nothing yet. */
export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { firewall, store, now, holder } = deps;
  const elapsedMs = deps.elapsedMs ?? (() => performance.now());
  const common = { firewall: firewall.name, store, now, elapsedMs };
  const isOurs = createFirewallLease({ ...common, holder });
  const status = createFirewallStatus(firewall.name, store);
  const trouble = createFirewallTrouble({ ...common, status, log: deps.log });
  const memory: Memory = { unsettled: new Map(), isIntroduced: false };
  let fullDueMs = never;

  const full = async (signal: AbortSignal): Promise<number> => {
    const outcome = await reconcileFully(deps, memory, signal);
    const { ownAddresses, error } = outcome;
    await status.record({ state: error === null ? "in-sync" : "out-of-sync", error }, now(), ownAddresses);
    logFull(deps, outcome);
    fullDueMs = elapsedMs() + fullEveryMs;
    return pollMs;
  };

  const changes = async (signal: AbortSignal): Promise<number> => {
    const { isLimited, doubt } = await reconcileChanges(deps, signal);
    if (doubt !== null) {
      deps.log.warn({ firewall: firewall.name, doubt }, "firewall has to be looked at as a whole");
      fullDueMs = never;
    }
    if (deps.liftsOnly) {
      return pollMs;
    }
    return isLimited || doubt !== null ? 0 : Math.min(pollMs, fullDueMs - elapsedMs());
  };

  const round = async (signal: AbortSignal): Promise<number> => {
    try {
      const isFullDue = fullDueMs <= elapsedMs() && !deps.liftsOnly;
      const pauseMs = await (isFullDue ? full(signal) : changes(signal));
      trouble.recover();
      return pauseMs;
    } catch (error) {
      if (signal.aborted) {
        return pollMs;
      }
      if (!(error instanceof AppError) || error.code === "STORE_UNAVAILABLE") {
        throw error;
      }
      fullDueMs = never;
      return trouble.fail(error);
    }
  };

  return {
    async step(signal) {
      if (!(await isOurs())) {
        fullDueMs = never;
        return standByMs;
      }
      const pauseMs = trouble.pauseMs();
      if (pauseMs > 0) {
        await trouble.noteAgain();
        return pauseMs;
      }
      return round(signal);
    },
  };
}

function logFull({ firewall, log }: ReconcilerDeps, outcome: FullOutcome): void {
  const { standing, changed, faults, error } = outcome;
  const fields = { firewall: firewall.name, standing, changed, faults };
  if (error !== null) {
    log.warn({ ...fields, error }, "firewall does not hold what it should");
  } else if (changed > 0 || faults.length > 0) {
    log.info(fields, "firewall brought in line");
  }
}
