import type { IpAddress } from "../domain/ip-address.ts";
import type { Candidate } from "../domain/look-up.ts";
import type { LookUpRecords, WaitingLookUp } from "../ports.ts";
import type { Governor, Outlook } from "./governor.ts";
import type { ProviderAlarms } from "./provider-alarms.ts";
import type { LookedUp, ProviderDesk } from "./provider-desk.ts";
import type { Refusal } from "./quota/budget.ts";

/** One step's work. */
export interface QueueWork {
  /** Those of the addresses about which the provider must still be asked. */
  readonly wanted: (candidates: readonly Candidate[]) => Promise<ReadonlySet<IpAddress>>;
  readonly signal: AbortSignal;
}

export interface QueueDeps {
  readonly provider: string;
  readonly desk: ProviderDesk;
  readonly governor: Governor;
  readonly alarms: ProviderAlarms;
  readonly store: Pick<
    LookUpRecords,
    "claimLookUps" | "finishLookUps" | "postponeLookUps" | "lookUpBacklogs"
  >;
  /** Names this process in leases. */
  readonly holder: string;
  readonly now: () => Date;
}

/** Longer than a look-up with all its commits can take. */
const leaseMs = 60_000;
const idleMs = 1000;
/** All that may be under way is. */
const crowdedMs = 100;
/** Somebody more urgent may come, or another replica learn more about the budget. */
const longestPauseMs = 10_000;
/** Nothing is put off for longer, whatever the clock says. */
const longestPostponementMs = 15 * 60_000;
/** A budget that is back sooner is not worth a message. */
const alarmAfterMs = 3_600_000;

/**
 * One step: claims what is most urgent, drops what is not wanted any more, asks as far as the budget allows, and gives the rest back. A
 * process that dies in between leaves rows that can be claimed again when their lease ends, and findings for what was answered.
 * @returns milliseconds until the next step is useful
 * @throws {AppError} STORE_UNAVAILABLE (retryable); what was claimed is then claimable after its lease
 */
export async function workQueue(deps: QueueDeps, work: QueueWork): Promise<number> {
  if (work.signal.aborted) {
    return idleMs;
  }
  const outlook = await deps.governor.outlook();
  if (outlook.refusal !== null) {
    return pauseFor(deps, outlook.refusal);
  }
  const limit = Math.min(deps.desk.free(), outlook.calls);
  if (limit < 1) {
    return crowdedMs;
  }
  const claimed = await claim(deps, limit);
  if (claimed.length === 0) {
    deps.desk.noteQueue(false);
    return idleMs;
  }
  const waiting = await askOrGiveBack(deps, claimed, work);
  await giveBack(deps, waiting);
  deps.desk.noteQueue(claimed.length === limit || waiting.some(({ refusal }) => refusal.isOwn !== true));
  return claimed.length > waiting.length ? 0 : pauseAfter(deps, outlook, waiting);
}

function claim({ store, provider, holder, now }: QueueDeps, limit: number) {
  return store.claimLookUps(provider, { holder, limit, now: now(), leaseMs });
}

interface Waiting {
  readonly ip: IpAddress;
  readonly refusal: Refusal;
}

async function askOrGiveBack(
  deps: QueueDeps,
  claimed: readonly WaitingLookUp[],
  work: QueueWork,
): Promise<readonly Waiting[]> {
  try {
    return await askWanted(deps, claimed, work);
  } catch (error) {
    const ips = claimed.map(({ ip }) => ip);
    // If this fails too, the lease ends by itself.
    await deps.store.postponeLookUps(deps.provider, ips, deps.now()).catch(() => undefined);
    throw error;
  }
}

async function askWanted(
  deps: QueueDeps,
  claimed: readonly WaitingLookUp[],
  { wanted, signal }: QueueWork,
): Promise<readonly Waiting[]> {
  const still = await wanted(claimed.map(({ candidate }) => candidate));
  const dropped = claimed.filter(({ ip }) => !still.has(ip)).map(({ ip }) => ip);
  const rest = claimed.filter(({ ip }) => still.has(ip));
  // Begun in this order, so that the most urgent gets the last call of a budget.
  const results = await Promise.allSettled(
    rest.map(({ ip, candidate, since }) =>
      deps.desk.lookUp(ip, { severity: candidate.severity, since }, signal),
    ),
  );
  const lookedUp = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const kept = lookedUp.flatMap((one) => ("finding" in one && one.isKept ? [one.finding] : []));
  if (dropped.length + kept.length > 0) {
    const { store, provider, now } = deps;
    await store.finishLookUps({ provider, findings: kept, dropped, now: now() });
  }
  return waitingOf(rest, results);
}

function waitingOf(
  rest: readonly WaitingLookUp[],
  results: readonly PromiseSettledResult<LookedUp>[],
): readonly Waiting[] {
  return rest.flatMap(({ ip }, index) => {
    const result = results[index];
    if (result?.status === "rejected") {
      throw result.reason;
    }
    return result !== undefined && "waits" in result.value ? [{ ip, refusal: result.value.waits }] : [];
  });
}

async function giveBack({ store, provider, now }: QueueDeps, waiting: readonly Waiting[]): Promise<void> {
  const at = now().getTime();
  const byDue = Map.groupBy(waiting, ({ refusal }) => {
    const dueAt = refusal.notBefore?.getTime() ?? at;
    return Math.min(at + longestPostponementMs, Math.max(at, dueAt));
  });
  for (const [dueAt, rows] of byDue) {
    await store.postponeLookUps(
      provider,
      rows.map(({ ip }) => ip),
      new Date(dueAt),
    );
  }
}

/** Nothing could be asked: as long as the first of them must wait, but others behind them may be more lucky sooner. */
function pauseAfter({ now }: QueueDeps, { gear }: Outlook, waiting: readonly Waiting[]): number {
  const at = now().getTime();
  const first = Math.min(...waiting.map(({ refusal }) => refusal.notBefore?.getTime() ?? at));
  return gear === "saving" ? between(idleMs, first - at, longestPauseMs) : idleMs;
}

/** Nobody may be asked now. Who comes must not be asked first when it is over. */
async function pauseFor(
  { store, provider, desk, alarms, now }: QueueDeps,
  refusal: Refusal,
): Promise<number> {
  const backlogs = await store.lookUpBacklogs();
  const waiting = backlogs.find((backlog) => backlog.provider === provider)?.waiting ?? 0;
  const restMs = (refusal.notBefore?.getTime() ?? 0) - now().getTime();
  desk.noteQueue(waiting > 0);
  if (waiting > 0 && refusal.isSpent === true && restMs >= alarmAfterMs) {
    await alarms.budgetSpent(refusal.reason, waiting, refusal.notBefore);
  }
  return between(0, restMs, longestPauseMs);
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
