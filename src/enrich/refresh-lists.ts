import { AppError, messageOf } from "../domain/errors.ts";
import type { Log, PrefixListRecord, PrefixListSource, Store } from "../ports.ts";
import { answerInvalid } from "./provider-errors.ts";

export interface RefreshListsDeps {
  readonly sources: readonly PrefixListSource[];
  readonly store: Pick<Store, "prefixLists" | "savePrefixList" | "confirmPrefixList">;
  /** Told all kept lists by the first step, before it downloads any, and whenever one of them is another than before. */
  readonly onLists: (lists: readonly PrefixListRecord[]) => void;
  readonly now: () => Date;
  readonly log: Log;
}

/** @returns milliseconds after which the next step is useful */
export type RefreshLists = (signal: AbortSignal) => Promise<number>;

/** After the first failure; twice as long after each further one, up to a day. */
const firstWaitMs = 3_600_000;
const longestWaitMs = 24 * firstWaitMs;

/** So often we look whether another replica has downloaded something. */
const longestPauseMs = firstWaitMs;
const shortestPauseMs = 1000;

interface Failure {
  readonly times: number;
  readonly untilMs: number;
}

/**
 * One step downloads the lists whose time has come. One that can't be had, is empty, too short or much shorter than the one that is kept
 * takes nothing away: the kept one stays, the log tells it, and it is tried again later.
 * @throws {AppError} STORE_UNAVAILABLE (retryable) when what is kept can't be read; nothing else
 */
export function createRefreshLists(deps: RefreshListsDeps): RefreshLists {
  const { sources, store, onLists, now } = deps;
  const failures = new Map<string, Failure>();
  let told: string | undefined;

  const tell = (lists: readonly PrefixListRecord[]): void => {
    const state = stateOf(lists);
    if (state !== told) {
      told = state;
      onLists(lists);
    }
  };

  const refresh = async (
    source: PrefixListSource,
    kept: PrefixListRecord | undefined,
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      await download(deps, source, kept, signal);
      failures.delete(source.name);
    } catch (error) {
      if (!signal.aborted) {
        const failure = failureOf(failures.get(source.name), error, now());
        failures.set(source.name, failure);
        logFailure(deps, { source, kept, error, failure });
      }
    }
  };

  return async (signal) => {
    const kept = await store.prefixLists();
    tell(kept);
    const due = sources.filter((source) => dueMs(source, kept, failures, now()) <= now().getTime());
    for (const source of due) {
      if (!signal.aborted) {
        await refresh(
          source,
          kept.find(({ name }) => name === source.name),
          signal,
        );
      }
    }
    const lists = due.length === 0 ? kept : await store.prefixLists();
    tell(lists);
    const next = Math.min(...sources.map((source) => dueMs(source, lists, failures, now())));
    return Math.min(longestPauseMs, Math.max(shortestPauseMs, next - now().getTime()));
  };
}

async function download(
  { store, now, log }: RefreshListsDeps,
  source: PrefixListSource,
  kept: PrefixListRecord | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { name } = source;
  const list = await source.download(kept?.etag ?? null, signal);
  if (list === "unchanged") {
    await store.confirmPrefixList(name, now());
    return;
  }
  const fault = faultOf(source, kept, list.networks.length, now());
  if (fault !== null) {
    throw answerInvalid(name, fault);
  }
  await store.savePrefixList({ name, ...list, fetchedAt: now(), checkedAt: now() });
  log.info({ list: name, version: list.version, networks: list.networks.length }, "list downloaded");
}

/** Why a list can't be right. Half of what there was is a mistake, unless what there was can't be used any more. */
function faultOf(
  { leastEntries, usableSeconds }: PrefixListSource,
  kept: PrefixListRecord | undefined,
  count: number,
  now: Date,
): string | null {
  if (count < Math.max(1, leastEntries)) {
    return `has ${count} networks, which are too few: at least ${Math.max(1, leastEntries)} are expected`;
  }
  const isUsable = kept !== undefined && now.getTime() - kept.checkedAt.getTime() < usableSeconds * 1000;
  return isUsable && count * 2 < kept.networks.length
    ? `has ${count} networks, and the one before had ${kept.networks.length}`
    : null;
}

/** When it is to be downloaded. A list from the future was kept before the clock was put right: nobody knows how old it is. */
function dueMs(
  { name, refreshSeconds }: PrefixListSource,
  kept: readonly PrefixListRecord[],
  failures: ReadonlyMap<string, Failure>,
  now: Date,
): number {
  const checkedMs = kept.find((list) => list.name === name)?.checkedAt.getTime();
  const isKnown = checkedMs !== undefined && checkedMs <= now.getTime();
  const dueMs = isKnown ? checkedMs + refreshSeconds * 1000 : now.getTime();
  const waitUntilMs = failures.get(name)?.untilMs ?? 0;
  return waitUntilMs > now.getTime() + longestWaitMs ? dueMs : Math.max(dueMs, waitUntilMs);
}

function failureOf(previous: Failure | undefined, error: unknown, now: Date): Failure {
  const times = (previous?.times ?? 0) + 1;
  const toldMs = error instanceof AppError ? (error.retryAfterMs ?? 0) : 0;
  const waitMs = Math.max(toldMs, firstWaitMs * 2 ** Math.min(times - 1, 10));
  return { times, untilMs: now.getTime() + Math.min(longestWaitMs, waitMs) };
}

function logFailure(
  { log }: RefreshListsDeps,
  about: {
    readonly source: PrefixListSource;
    readonly kept: PrefixListRecord | undefined;
    readonly error: unknown;
    readonly failure: Failure;
  },
): void {
  const { source, kept, error, failure } = about;
  const fields = {
    list: source.name,
    error: messageOf(error),
    keptSince: kept?.fetchedAt ?? null,
    nextTryAt: new Date(failure.untilMs),
  };
  log.warn(fields, "list could not be downloaded; what is kept of it stays in use");
}

/** Changes whenever a list does, or is confirmed. */
function stateOf(lists: readonly PrefixListRecord[]): string {
  return lists
    .map(({ name, fetchedAt, checkedAt }) => `${name} ${fetchedAt.toISOString()} ${checkedAt.toISOString()}`)
    .toSorted()
    .join("\n");
}
