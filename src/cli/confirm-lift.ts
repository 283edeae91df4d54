import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { elapsed, plural, utc } from "../notify/words.ts";
import { askApi, readAnswer } from "./ask-api.ts";
import { BlockAnswer } from "./block-answer.ts";
import { askFirewalls, type FirewallAnswer } from "./firewall-answer.ts";

export interface ConfirmLiftDeps {
  readonly config: ReceiverConfig;
  /** Instead of the receiver that is configured here. */
  readonly url: string | undefined;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Gets a line per firewall, as soon as it is known. */
  readonly tell: (line: string) => void;
}

export interface Confirmation {
  readonly firewall: string;
  readonly isConfirmed: boolean;
  /** False: it is disabled or no longer configured, and nobody will ever ask it. */
  readonly isWatched: boolean;
  readonly words: string;
}

export interface Confirmed {
  /** Every firewall that had one of the blocks has taken it off. */
  readonly isDone: boolean;
  readonly firewalls: readonly Confirmation[];
  /** Networks that a firewall has still to take off. */
  readonly open: readonly string[];
}

const patienceMs = 20_000;
const pollMs = 100;

/**
 * Waits until each firewall has confirmed that these blocks are taken off, at most 20 s; for one that is disabled not at all.
 * @throws {AppError} API_UNREACHABLE, API_REFUSED
 */
export async function confirmLift(
  deps: ConfirmLiftDeps,
  lifted: readonly { readonly id: string; readonly prefix: string }[],
): Promise<Confirmed> {
  const progress: Progress = {
    open: new Map(lifted.map(({ id, prefix }) => [id, prefix])),
    seen: new Map(),
    confirmed: new Map(),
  };
  await follow(deps, progress);
  const { open, seen, confirmed } = progress;
  const silent = [...rowsOf(seen).keys()].filter((firewall) => !confirmed.has(firewall));
  const faults = silent.length === 0 ? [] : faultsOf(silent, await askFirewalls(deps.config, deps.url));
  for (const { firewall, words } of faults) {
    deps.tell(`${firewall}  ${words}\n`);
  }
  const isDone = open.size === 0 && faults.length === 0;
  if (isDone && lifted.length > 0 && confirmed.size === 0) {
    deps.tell("No firewall had it: there is nothing to take off.\n");
  }
  return {
    isDone,
    firewalls: [...confirmed.values(), ...faults],
    open: [...new Set(open.values())],
  };
}

interface Progress {
  /** Networks that are waited for, by the ids of their blocks. */
  readonly open: Map<string, string>;
  readonly seen: Map<string, BlockAnswer>;
  readonly confirmed: Map<string, Confirmation>;
}

/** Until nothing is open, or the patience ends. */
async function follow(deps: ConfirmLiftDeps, progress: Progress): Promise<void> {
  const { open, seen, confirmed } = progress;
  const endMs = performance.now() + patienceMs;
  let known: Known | undefined;
  for (;;) {
    await look(deps, open, seen);
    for (const confirmation of confirmations(seen).filter(({ firewall }) => !confirmed.has(firewall))) {
      confirmed.set(confirmation.firewall, confirmation);
      deps.tell(`${confirmation.firewall}  ${confirmation.words}\n`);
    }
    settle(open, seen, () => true);
    if (open.size > 0) {
      known ??= await askFirewalls(deps.config, deps.url);
      settle(open, seen, isWatchedBy(known));
    }
    if (open.size === 0 || performance.now() >= endMs || deps.signal.aborted) {
      return;
    }
    await setTimeout(pollMs, undefined, { signal: deps.signal }).catch(() => undefined);
  }
}

type Known = ReadonlyMap<string, FirewallAnswer>;

function isWatchedBy(known: Known): (firewall: string) => boolean {
  return (firewall) => known.get(firewall)?.enabled === true;
}

const Blocks = z.object({ blocks: z.array(BlockAnswer) });

/** Brings `seen` up to date. */
async function look(
  { config, url }: ConfirmLiftDeps,
  open: ReadonlyMap<string, string>,
  seen: Map<string, BlockAnswer>,
): Promise<void> {
  for (const prefix of new Set(open.values())) {
    const body = await askApi(config, { method: "GET", path: `/api/v1/blocks/${prefix}`, url });
    const { blocks } = readAnswer(body, Blocks);
    for (const block of blocks.filter(({ id }) => open.has(id))) {
      seen.set(block.id, block);
    }
  }
}

/** Takes out of `open` what is over on every firewall that is waited for. */
function settle(
  open: Map<string, string>,
  seen: ReadonlyMap<string, BlockAnswer>,
  isWaitedFor: (firewall: string) => boolean,
): void {
  for (const { id, enforcements } of seen.values()) {
    if (enforcements.every((row) => isOver(row) || !isWaitedFor(row.firewall))) {
      open.delete(id);
    }
  }
}

/** Of the firewalls on which all of these blocks are over. */
function confirmations(seen: ReadonlyMap<string, BlockAnswer>): readonly Confirmation[] {
  return [...rowsOf(seen)]
    .filter(([, rows]) => rows.every(isOver))
    .map(([firewall, rows]) => ({
      firewall,
      isConfirmed: true,
      isWatched: true,
      words: confirmedWords(rows),
    }));
}

interface Row extends Pick<BlockAnswer["enforcements"][number], "state" | "endedAt" | "error"> {
  readonly liftedAt: Date | null;
}

function rowsOf(blocks: ReadonlyMap<string, BlockAnswer>): ReadonlyMap<string, readonly Row[]> {
  const rows = [...blocks.values()].flatMap(({ endedAt: liftedAt, enforcements }) =>
    enforcements.map(({ firewall, ...row }) => ({ firewall, ...row, liftedAt })),
  );
  return Map.groupBy(rows, ({ firewall }) => firewall);
}

function isOver({ state }: Pick<Row, "state">): boolean {
  return state === "lifted" || state === "expired";
}

function confirmedWords(rows: readonly Row[]): string {
  const errors = [...new Set(rows.flatMap(({ error }) => error ?? []))];
  if (errors.length > 0) {
    return errors.join("; ");
  }
  const what = rows.length === 1 ? "lifted" : `${plural(rows.length, "block")} lifted`;
  const tookMs = rows.map(({ endedAt, liftedAt }) =>
    endedAt === null || liftedAt === null ? 0 : endedAt.getTime() - liftedAt.getTime(),
  );
  return `${what}, read back from the kernel, ${elapsed(Math.max(0, ...tookMs))}`;
}

/** Why these have not confirmed anything. */
function faultsOf(names: readonly string[], known: Known): readonly Confirmation[] {
  return names.map((firewall) => ({
    firewall,
    isConfirmed: false,
    isWatched: isWatchedBy(known)(firewall),
    words: faultWords(firewall, known.get(firewall)),
  }));
}

function faultWords(name: string, firewall: FirewallAnswer | undefined): string {
  if (firewall === undefined) {
    return "is no longer configured and may still drop it: configure it again, or take it off there by hand";
  }
  const { enabled, state, unreachableSince, error } = firewall;
  if (!enabled) {
    return `is disabled and may still drop it: enable it, or "portcullis firewall remove ${name}"`;
  }
  const since = unreachableSince === null ? "" : ` since ${utc(unreachableSince)}`;
  return `not confirmed yet: ${state}${since}${error === null ? "" : `: ${error}`}`;
}
