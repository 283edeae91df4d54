import type { Alert, Sighting } from "./domain/alert.ts";
import { coversGroups } from "./domain/block.ts";
import type { Neighbours, Standing, WaitingSighting } from "./ports.ts";
import type { Decision, Mode } from "./domain/decision.ts";
import { messageOf } from "./domain/errors.ts";
import type { Finding } from "./domain/finding.ts";
import { type IpAddress, type IpPrefix, prefixOf } from "./domain/ip-address.ts";
import { type Loop, startLoop } from "./loop.ts";
import type { Log, Store } from "./ports.ts";

/** What the stages are, to the pipeline. */
export interface PipelineDeps {
  readonly store: Pick<
    Store,
    | "claimAlerts"
    | "recordSightings"
    | "failAlert"
    | "claimSightings"
    | "postponeSighting"
    | "failSighting"
    | "standingOf"
    | "neighbours"
    | "recordDecision"
  >;
  readonly extract: (alert: Alert) => readonly Sighting[];
  /** Why the address may never be blocked, or null. */
  readonly protectedReason: (ip: IpAddress) => string | null;
  readonly enrich: (ip: IpAddress, signal: AbortSignal) => Promise<Enriched>;
  readonly decide: (question: Question) => Decision;
  readonly mode: Mode;
  /** Where the blocks of a search are enforced: on these firewalls, none outside mode `enforce`. */
  readonly targetOf: (searchName: string | null) => Target;
  /** True when a block may drop more than this address alone. */
  readonly mayAggregate: (ip: IpAddress) => boolean;
  readonly blockNetwork: (ip: IpAddress, neighbours: Neighbours) => BlockNetwork;
  readonly channels: readonly string[];
  /** A decision was committed that firewalls or people must hear of. */
  readonly onDecided: (decision: Decision) => void;
  /** True while deliveries queue up: accepting goes before processing, because only what is accepted is safe. */
  readonly isCrowded: () => boolean;
  /** Names this process in leases. */
  readonly holder: string;
  readonly now: () => Date;
  readonly log: Log;
}

/** Groups of firewalls (null: all), and the names of those in them. */
interface Target {
  readonly groups: readonly string[] | null;
  readonly firewalls: readonly string[];
}

/** What a block drops, and why it is more than the address alone. */
interface BlockNetwork {
  readonly prefix: IpPrefix;
  readonly reason: string | null;
}

export interface Enriched {
  readonly findings: readonly Finding[];
  /** How long to wait before a provider that failed may answer; null when waiting would not help. */
  readonly retryAfterMs: number | null;
}

export interface Question {
  readonly alertId: string;
  readonly ip: IpAddress;
  readonly count: number;
  readonly findings: readonly Finding[];
  readonly mode: Mode;
  readonly protectedReason: string | null;
  readonly standing: Standing;
  readonly now: Date;
}

export interface Pipeline {
  /** There is a new alert. */
  readonly wake: () => void;
  stop(): Promise<void>;
}

const leaseMs = 30_000;
/** How often waiting rows are looked for when nobody says that there are some. */
const pollMs = 1000;
const alertsAtOnce = 50;
const sightingsAtOnce = 32;
/** A message about a block waits this long for the firewalls, so that it can say what they did. */
const firewallPatienceMs = 15_000;
/** An address about which a provider could not be asked yet is decided without it after a day. */
const providerPatienceMs = 24 * 3_600_000;
const longestRetryMs = 15 * 60_000;
/** 5 s, 10 s, … 15 min apart, this is more than a day. */
const mostAttempts = 100;

/** alert → sightings → findings → decision → (block, notifications). What waits is in the store; this only moves it on. */
export function startPipeline(deps: PipelineDeps): Pipeline {
  const deciding = startDeciding(deps);
  const crowdedPauseMs = createCrowdLimit(deps);
  const extracting = startLoop(
    "extract",
    async () => crowdedPauseMs() || (await extractWaiting(deps, deciding)),
    deps.log,
  );
  return {
    wake: extracting.wake,
    async stop() {
      await Promise.all([extracting.stop(), deciding.stop()]);
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
  await deps.store.recordSightings(alert.id, sightings, deps.now());
  const noted = {
    alertId: alert.id,
    searchName: alert.searchName,
    rows: alert.rows.length,
    addresses: sightings.length,
  };
  if (sightings.length === 0) {
    deps.log.warn(noted, "alert names no address");
  } else {
    deps.log.info(noted, "alert");
  }
}

/** Decides up to 32 sightings at a time, so that one slow look-up does not hold up the others. */
function startDeciding(deps: PipelineDeps): Loop {
  const running = new Map<string, Promise<void>>();
  const claimFree = async (signal: AbortSignal): Promise<number> => {
    const limit = sightingsAtOnce - running.size;
    const claimed =
      limit === 0
        ? []
        : await deps.store.claimSightings({ holder: deps.holder, limit, now: deps.now(), leaseMs });
    // One whose lease ended under way may come again: it is being decided already.
    for (const sighting of claimed.filter(({ id }) => !running.has(id))) {
      const task = decideOne(deps, sighting, signal)
        .catch((error: unknown) => giveBack(deps, sighting, error))
        .finally(() => {
          running.delete(sighting.id);
          loop.wake();
        });
      running.set(sighting.id, task);
    }
    return claimed.length > 0 && claimed.length === limit ? 0 : pollMs;
  };
  const crowdedPauseMs = createCrowdLimit(deps);
  const loop = startLoop("decide", async (signal) => crowdedPauseMs() || (await claimFree(signal)), deps.log);
  return {
    wake: loop.wake,
    async stop() {
      await loop.stop();
      await Promise.all(running.values());
    },
  };
}

/** After a failure: waits as a row and is tried again, unless it is a bug that shows every time. Never rejects. */
async function giveBack(
  deps: PipelineDeps,
  { id, attempts }: WaitingSighting,
  error: unknown,
): Promise<void> {
  const reason = messageOf(error);
  deps.log.error({ sightingId: id, attempts, error: reason }, "sighting could not be decided");
  try {
    if (attempts < mostAttempts) {
      await deps.store.postponeSighting(id, new Date(deps.now().getTime() + retryMs(attempts)), reason);
    } else {
      await deps.store.failSighting(id, reason);
    }
  } catch (failure) {
    // Its lease ends and it is taken again.
    deps.log.error({ sightingId: id, error: messageOf(failure) }, "sighting could not be given back");
  }
}

async function decideOne(deps: PipelineDeps, sighting: WaitingSighting, signal: AbortSignal): Promise<void> {
  const { store, mode } = deps;
  const { ip, alertId, count } = sighting;
  const protectedReason = deps.protectedReason(ip);
  const target = deps.targetOf(sighting.searchName);
  const standing = forTarget(await store.standingOf(ip, mode, deps.now()), target);
  const isSettled = protectedReason !== null || standing.block !== null || standing.graceUntil !== null;
  const { findings, retryAfterMs } = isSettled
    ? { findings: [], retryAfterMs: null }
    : await deps.enrich(ip, signal);
  if (signal.aborted) {
    return;
  }

  const now = deps.now();
  const decision = deps.decide({ alertId, ip, count, findings, mode, protectedReason, standing, now });
  const isOpen = decision.action === "watch" && retryAfterMs !== null;
  if (isOpen && now.getTime() - sighting.createdAt.getTime() < providerPatienceMs) {
    const waitMs = Math.max(retryAfterMs, retryMs(sighting.attempts));
    const dueAt = new Date(now.getTime() + waitMs);
    await store.postponeSighting(sighting.id, dueAt, decision.reasons.join("; "));
    deps.log.warn(
      { ip, alertId, dueAt, attempts: sighting.attempts + 1 },
      "a provider can't be asked now, will ask again",
    );
    return;
  }

  const network = await networkOf(deps, decision);
  const reasons = network.reason === null ? decision.reasons : [...decision.reasons, network.reason];
  const recorded = await store.recordDecision({
    sightingId: sighting.id,
    decision: { ...decision, reasons },
    prefix: network.prefix,
    groups: target.groups,
    firewalls: target.firewalls,
    notifications: deps.channels.map((channel) => ({ channel, dueAt: notificationDueAt(target, decision) })),
  });
  logDecision(deps, recorded, network.prefix);
  deps.onDecided(recorded);
}

function logDecision({ log }: PipelineDeps, decision: Decision, prefix: IpPrefix): void {
  const { id, alertId, ip, action, mode, reasons } = decision;
  log.info({ ip, prefix, alertId, decisionId: id, action, mode, reasons }, "decision");
}

/** A block that is not in force on all of these firewalls settles nothing for them. */
function forTarget(standing: Standing, { groups }: Target): Standing {
  return standing.block !== null && coversGroups(standing.block.groups, groups)
    ? standing
    : { ...standing, block: null };
}

async function networkOf(
  { store, mayAggregate, blockNetwork }: PipelineDeps,
  { action, ip, mode, decidedAt }: Decision,
): Promise<BlockNetwork> {
  return action === "block" && mayAggregate(ip)
    ? blockNetwork(ip, await store.neighbours(ip, mode, decidedAt))
    : { prefix: prefixOf(ip), reason: null };
}

function notificationDueAt({ firewalls }: Target, decision: Decision): Date {
  const waits = decision.action === "block" && firewalls.length > 0;
  return new Date(decision.decidedAt.getTime() + (waits ? firewallPatienceMs : 0));
}

function retryMs(attempts: number): number {
  return Math.min(longestRetryMs, 5000 * 2 ** Math.min(attempts, 20));
}

/** While deliveries queue up, one batch per quarter of a second. */
const crowdedMs = 250;

/** Asked before each batch: the milliseconds that it has to wait; 0 when it may go. */
function createCrowdLimit({ isCrowded }: PipelineDeps): () => number {
  let lastBatchMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (isCrowded() && nowMs - lastBatchMs < crowdedMs) {
      return lastBatchMs + crowdedMs - nowMs;
    }
    lastBatchMs = nowMs;
    return 0;
  };
}
