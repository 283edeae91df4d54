import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { elapsed, plural, utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown } from "./ask-api.ts";
import { BlockAnswer } from "./block-answer.ts";

export interface ConfirmLiftDeps {
  readonly config: Config;
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
  readonly words: string;
}

const patienceMs = 20_000;
const pollMs = 100;

/**
 * Waits until each firewall has confirmed that these blocks are taken off, at most 20 s.
 * @returns isDone: all have
 * @throws {AppError} API_UNREACHABLE, API_REFUSED
 */
export async function confirmLift(
  deps: ConfirmLiftDeps,
  lifted: readonly { readonly id: string; readonly prefix: string }[],
): Promise<{ readonly isDone: boolean; readonly firewalls: readonly Confirmation[] }> {
  const open = new Map(lifted.map(({ id, prefix }) => [id, prefix]));
  const seen = new Map<string, BlockAnswer>();
  const confirmed = new Map<string, Confirmation>();
  const endMs = performance.now() + patienceMs;
  for (;;) {
    await look(deps, open, seen);
    for (const confirmation of confirmations(seen).filter(({ firewall }) => !confirmed.has(firewall))) {
      confirmed.set(confirmation.firewall, confirmation);
      deps.tell(`${confirmation.firewall}  ${confirmation.words}\n`);
    }
    if (open.size === 0 || performance.now() >= endMs || deps.signal.aborted) {
      break;
    }
    await setTimeout(pollMs, undefined, { signal: deps.signal }).catch(() => undefined);
  }
  const faults = await readFaults(
    deps,
    [...rowsOf(seen).keys()].filter((firewall) => !confirmed.has(firewall)),
  );
  for (const { firewall, words } of faults) {
    deps.tell(`${firewall}  ${words}\n`);
  }
  if (open.size === 0 && confirmed.size === 0) {
    deps.tell("No firewall had it: there is nothing to take off.\n");
  }
  return { isDone: open.size === 0, firewalls: [...confirmed.values(), ...faults] };
}

const Blocks = z.object({ blocks: z.array(BlockAnswer) });

/** Brings `seen` up to date, and takes out of `open` what is over on every firewall. */
async function look(
  { config, url }: ConfirmLiftDeps,
  open: Map<string, string>,
  seen: Map<string, BlockAnswer>,
): Promise<void> {
  for (const prefix of new Set(open.values())) {
    const body = await askApi(config, { method: "GET", path: `/api/v1/blocks/${prefix}`, url });
    const { blocks } = readAnswer(body, Blocks);
    for (const block of blocks.filter(({ id }) => open.has(id))) {
      seen.set(block.id, block);
      if (block.enforcements.every(isOver)) {
        open.delete(block.id);
      }
    }
  }
}

/** Of the firewalls on which all of these blocks are over. */
function confirmations(seen: ReadonlyMap<string, BlockAnswer>): readonly Confirmation[] {
  return [...rowsOf(seen)]
    .filter(([, rows]) => rows.every(isOver))
    .map(([firewall, rows]) => ({ firewall, isConfirmed: true, words: confirmedWords(rows) }));
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

const Firewalls = z.object({
  firewalls: z.array(
    z.object({
      name: Shown,
      state: Shown,
      unreachableSince: z.coerce.date().nullable(),
      error: Shown.nullable(),
    }),
  ),
});

/** Why these have not confirmed anything. */
async function readFaults(
  { config, url }: ConfirmLiftDeps,
  names: readonly string[],
): Promise<readonly Confirmation[]> {
  if (names.length === 0) {
    return [];
  }
  const body = await askApi(config, { method: "GET", path: "/api/v1/firewalls", url });
  const known = new Map(readAnswer(body, Firewalls).firewalls.map((one) => [one.name, one]));
  return names.map((firewall) => {
    const { state, unreachableSince, error } = known.get(firewall) ?? unconfigured;
    const since = unreachableSince === null ? "" : ` since ${utc(unreachableSince)}`;
    const why = error === null ? "" : `: ${error}`;
    return { firewall, isConfirmed: false, words: `not confirmed yet: ${state}${since}${why}` };
  });
}

const unconfigured = { state: "no longer configured", unreachableSince: null, error: null };
