import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { elapsed } from "../notify/words.ts";
import { askApi, readAnswer } from "./ask-api.ts";
import { BlockAnswer } from "./block-answer.ts";
import type { Confirmation, ConfirmLiftDeps } from "./confirm-lift.ts";
import { askFirewalls, type FirewallAnswer } from "./firewall-answer.ts";

export interface ConfirmedBlock {
  /** Every firewall that is asked for it drops it; also true where none is. */
  readonly isDone: boolean;
  readonly firewalls: readonly Confirmation[];
}

export interface ConfirmBlockDeps extends ConfirmLiftDeps {
  /** A firewall drops it: called before that is told. */
  readonly onConfirmed: () => void;
}

const patienceMs = 20_000;
const pollMs = 100;
/** It stays so until somebody does something about it. */
const final: ReadonlySet<string> = new Set(["refused", "lifted", "lifting", "expired"]);

/**
 * Waits until the block was read back from the kernel of each firewall, at most 20 s; for a firewall that is disabled not at all.
 * @param asked the block as the call that made it told it
 * @throws {AppError} API_UNREACHABLE, API_REFUSED
 */
export async function confirmBlock(deps: ConfirmBlockDeps, asked: BlockAnswer): Promise<ConfirmedBlock> {
  if (asked.enforcements.length === 0) {
    deps.tell(nowhereWords(asked));
    return { isDone: true, firewalls: [] };
  }
  const told = new Map<string, Confirmation>();
  const tell = (confirmation: Confirmation): void => {
    told.set(confirmation.firewall, confirmation);
    if (confirmation.isConfirmed) {
      deps.onConfirmed();
    }
    deps.tell(`${confirmation.firewall}  ${confirmation.words}\n`);
  };
  const endMs = performance.now() + patienceMs;
  let block = asked;
  let known = await askFirewalls(deps.config, deps.url);
  for (;;) {
    const open = block.enforcements.filter(({ firewall }) => !told.has(firewall));
    for (const row of open) {
      const confirmation = settled(block, row, known.get(row.firewall));
      if (confirmation !== null) {
        tell(confirmation);
      }
    }
    if (told.size >= block.enforcements.length || performance.now() >= endMs || deps.signal.aborted) {
      break;
    }
    await setTimeout(pollMs, undefined, { signal: deps.signal }).catch(() => undefined);
    block = await look(deps, block);
  }
  const silent = block.enforcements.filter(({ firewall }) => !told.has(firewall));
  known = silent.length === 0 ? known : await askFirewalls(deps.config, deps.url);
  for (const row of silent) {
    tell(notYet(row, known.get(row.firewall)));
  }
  const firewalls = [...told.values()];
  return { isDone: firewalls.every((one) => one.isConfirmed || !one.isWatched), firewalls };
}

type Row = BlockAnswer["enforcements"][number];

const Blocks = z.object({ blocks: z.array(BlockAnswer) });

async function look({ config, url }: ConfirmLiftDeps, { id, prefix }: BlockAnswer): Promise<BlockAnswer> {
  const body = await askApi(config, { method: "GET", path: `/api/v1/blocks/${prefix}`, url });
  const found = readAnswer(body, Blocks).blocks.find((block) => block.id === id);
  if (found === undefined) {
    throw new AppError("API_REFUSED", "the receiver does not know the block any more that it made just now", {
      retryable: false,
    });
  }
  return found;
}

function nowhereWords({ mode }: BlockAnswer): string {
  return mode === "observe"
    ? "Mode observe: it is on record, and no firewall drops it.\n"
    : "No firewall is configured for it: it is on record, and nothing drops it.\n";
}

/** Null while there is something to wait for. */
function settled(
  { createdAt }: BlockAnswer,
  { firewall, state, verifiedAt, error }: Row,
  known: FirewallAnswer | undefined,
): Confirmation | null {
  if (state === "verified") {
    const tookMs = (verifiedAt?.getTime() ?? 0) - createdAt.getTime();
    const took = tookMs < 0 ? "" : `, ${elapsed(tookMs)}`;
    return {
      firewall,
      isConfirmed: true,
      isWatched: true,
      words: `verified: read back from the kernel${took}`,
    };
  }
  const because = error === null ? "" : `: ${error}`;
  if (final.has(state)) {
    return { firewall, isConfirmed: false, isWatched: true, words: `${state}${because}` };
  }
  return known?.enabled === true
    ? null
    : {
        firewall,
        isConfirmed: false,
        isWatched: false,
        words: `is ${known === undefined ? "no longer configured" : "disabled"}: it does not drop it`,
      };
}

function notYet({ firewall, state, error }: Row, known: FirewallAnswer | undefined): Confirmation {
  const why = error ?? (known?.state === "in-sync" ? null : (known?.error ?? known?.state ?? null));
  const words = `not confirmed yet: ${state}${why === null ? "" : `: ${why}`}`;
  return { firewall, isConfirmed: false, isWatched: true, words };
}
