import { AppError } from "../domain/errors.ts";
import { type CautiousApply, createCautiousApply } from "./apply-cautiously.ts";
import { createClockCheck } from "./clock-check.ts";
import { createFirewallLease } from "./firewall-lease.ts";
import { createFirewallStatus, type FirewallStatus } from "./firewall-status.ts";
import { createFirewallTrouble } from "./firewall-trouble.ts";
import type { ReconcileDeps, RoundDeps } from "./reconcile.ts";
import { type ChangesOutcome, reconcileChanges } from "./reconcile-changes.ts";
import { retryMs } from "./retry-withdrawn.ts";
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

/** The lease has to be renewed at least so often. */
const renewMs = 15_000;

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
  /** By the clock that never jumps. */
  fullDueMs: number;
}

/** A reconciler that has done nothing yet. */
export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { firewall, store, now, holder } = deps;
  const elapsedMs = deps.elapsedMs ?? (() => performance.now());
  const common = { firewall: firewall.name, store, now, elapsedMs };
  const isOurs = createFirewallLease({ ...common, holder });
  const status = createFirewallStatus(firewall.name, store);
  const trouble = createFirewallTrouble({ ...common, status, log: deps.log });
  const isSteady = createClockCheck({ now, elapsedMs, log: deps.log });
  const apply = deps.isCanary ? createCautiousApply(firewall) : plainApply(deps);
  const begin = (): Rounds => ({
    deps: { ...deps, apply, elapsedMs },
    memory: createMemory(),
    status,
    repaired: new Set(),
    fullDueMs: never,
  });
  let rounds = begin();

  const round = async (signal: AbortSignal): Promise<number> => {
    try {
      rounds.memory.isSteady = isSteady();
      const pauseMs = await nextRound(rounds, signal);
      await trouble.recover();
      return pauseMs;
    } catch (error) {
      if (signal.aborted) {
        return pollMs;
      }
      if (!(error instanceof AppError) || error.code === "STORE_UNAVAILABLE") {
        throw error;
      }
      rounds.fullDueMs = never;
      return Math.min(await trouble.fail(error), renewMs);
    }
  };

  return {
    async step(signal) {
      if (!(await isOurs())) {
        // Another process acts meanwhile: what this one remembers is soon untrue.
        rounds = begin();
        status.forget();
        return standByMs;
      }
      const pauseMs = trouble.pauseMs();
      if (pauseMs > 0) {
        await trouble.noteAgain();
        // Not longer: the lease has to be renewed.
        return Math.min(pauseMs, renewMs);
      }
      return round(signal);
    },
  };
}

/** @returns the milliseconds until the next one is due */
async function nextRound(rounds: Rounds, signal: AbortSignal): Promise<number> {
  const { liftsOnly, elapsedMs } = rounds.deps;
  if (rounds.fullDueMs <= elapsedMs() && !liftsOnly) {
    await fullRound(rounds, signal);
    rounds.fullDueMs = elapsedMs() + fullEveryMs;
    return pollMs;
  }
  const { isLimited, doubt } = await changesRound(rounds, signal);
  if (doubt !== null && !liftsOnly) {
    rounds.fullDueMs = never;
    return 0;
  }
  return isLimited ? 0 : liftsOnly ? pollMs : Math.min(pollMs, rounds.fullDueMs - elapsedMs());
}

async function fullRound({ deps, memory, status, repaired }: Rounds, signal: AbortSignal): Promise<void> {
  const outcome = await reconcileFully(deps, memory, signal);
  const { ownAddresses, capacity, error } = outcome;
  const drift = [...new Set([...repaired, ...outcome.drift])];
  const state = error === null ? "in-sync" : "out-of-sync";
  const counted = await status.record({ state, error, drift, ownAddresses, capacity }, deps.now());
  repaired.clear();
  logFull(deps, { ...outcome, drift: counted ? drift : [] });
}

async function changesRound(
  { deps, memory, repaired }: Rounds,
  signal: AbortSignal,
): Promise<ChangesOutcome> {
  const outcome = await reconcileChanges(deps, signal);
  const { changed, doubt, withdrawn } = outcome;
  for (const finding of outcome.repaired) {
    repaired.add(finding);
  }
  if (withdrawn !== null) {
    memory.retry.nextMs = deps.elapsedMs() + retryMs;
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
  return async ({ changes }, signal) => ({ ...(await firewall.apply(changes, signal)), withdrawn: null });
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
