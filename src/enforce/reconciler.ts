import { AppError } from "../domain/errors.ts";
import { type CautiousApply, createCautiousApply } from "./apply-cautiously.ts";
import { createFirewallLease } from "./firewall-lease.ts";
import { createFirewallStatus, type FirewallStatus } from "./firewall-status.ts";
import { createFirewallTrouble } from "./firewall-trouble.ts";
import type { ReconcileDeps, RoundDeps } from "./reconcile.ts";
import { type ChangesOutcome, reconcileChanges } from "./reconcile-changes.ts";
import { createMemory, type FullOutcome, type Memory, reconcileFully } from "./reconcile-fully.ts";

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

/** What the rounds of one reconciler share. */
interface Rounds {
  readonly deps: RoundDeps;
  readonly memory: Memory;
  readonly status: FirewallStatus;
  /** Found and repaired in passing: it belongs to the drift that the next look at everything finds. */
  readonly repaired: Set<string>;
}

/** A reconciler that has done nothing yet. */
export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { firewall, store, now, holder } = deps;
  const elapsedMs = deps.elapsedMs ?? (() => performance.now());
  const common = { firewall: firewall.name, store, now, elapsedMs };
  const isOurs = createFirewallLease({ ...common, holder });
  const status = createFirewallStatus(firewall.name, store);
  const trouble = createFirewallTrouble({ ...common, status, log: deps.log });
  const apply = deps.isCanary ? createCautiousApply(firewall, elapsedMs) : plainApply(deps);
  const rounds: Rounds = { deps: { ...deps, apply }, memory: createMemory(), status, repaired: new Set() };
  let fullDueMs = never;

  const nextRound = async (signal: AbortSignal): Promise<number> => {
    if (fullDueMs <= elapsedMs() && !deps.liftsOnly) {
      await fullRound(rounds, signal);
      fullDueMs = elapsedMs() + fullEveryMs;
      return pollMs;
    }
    const { isLimited, doubt } = await changesRound(rounds, signal);
    if (doubt !== null) {
      fullDueMs = never;
    }
    if (deps.liftsOnly) {
      return pollMs;
    }
    return isLimited || doubt !== null ? 0 : Math.min(pollMs, fullDueMs - elapsedMs());
  };

  const round = async (signal: AbortSignal): Promise<number> => {
    try {
      const pauseMs = await nextRound(signal);
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

async function fullRound({ deps, memory, status, repaired }: Rounds, signal: AbortSignal): Promise<void> {
  const outcome = await reconcileFully(deps, memory, signal);
  const { ownAddresses, capacity, error } = outcome;
  const drift = [...new Set([...repaired, ...outcome.drift])];
  const state = error === null ? "in-sync" : "out-of-sync";
  await status.record({ state, error, drift, ownAddresses, capacity }, deps.now());
  repaired.clear();
  logFull(deps, { ...outcome, drift });
}

async function changesRound({ deps, repaired }: Rounds, signal: AbortSignal): Promise<ChangesOutcome> {
  const outcome = await reconcileChanges(deps, signal);
  const { changed, doubt, withdrawn } = outcome;
  for (const finding of outcome.repaired) {
    repaired.add(finding);
  }
  if (withdrawn !== null) {
    deps.log.error(
      { firewall: deps.firewall.name, reason: withdrawn, blocks: changed },
      "new blocks were taken off the canary again, and go to no other firewall",
    );
  } else if (doubt !== null) {
    deps.log.warn({ firewall: deps.firewall.name, doubt }, "firewall has to be looked at as a whole");
  }
  return outcome;
}

function plainApply({ firewall }: ReconcileDeps): CautiousApply {
  return async (changes, signal) => ({ ...(await firewall.apply(changes, signal)), withdrawn: null });
}

function logFull({ firewall, log }: ReconcileDeps, outcome: FullOutcome): void {
  const { standing, changed, drift, error } = outcome;
  const fields = { firewall: firewall.name, standing, changed, drift };
  if (error !== null) {
    log.warn({ ...fields, error }, "firewall does not hold what it should");
  } else if (drift.length > 0) {
    log.warn(fields, "firewall had been changed by somebody else, brought in line");
  } else if (changed > 0) {
    log.info(fields, "firewall brought in line");
  }
}
