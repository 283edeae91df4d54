import type { ReceiverConfig } from "../config/load-receiver.ts";
import { shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { bareAddress } from "./bare-address.ts";
import type { BlockAnswer } from "./block-answer.ts";
import { blockHeadline, type Wanted } from "./block-headline.ts";
import { confirmBlock } from "./confirm-block.ts";
import type { ExitCode, Host } from "./host.ts";

export interface WaitOptions extends AskOptions {
  /** False: do not wait for the firewalls. */
  readonly wait?: boolean;
}

/** What a call has blocked. */
export interface Blocked {
  /** As it was answered. */
  readonly body: unknown;
  readonly wanted: Wanted;
  /** Null: there is none to wait for. */
  readonly block: BlockAnswer | null;
}

/**
 * Tells what was blocked, then of each firewall when it drops it. Exit code 1 when not all do within 20 s.
 * @throws {AppError} API_UNREACHABLE, API_REFUSED
 */
export async function followBlock(
  host: Host,
  config: ReceiverConfig,
  { json, url, wait = true }: WaitOptions,
  { body, wanted, block }: Blocked,
): Promise<ExitCode> {
  const { tell, onConfirmed, end } = json === true ? silent : createTelling(host.out, wanted, block);
  const deps = { config, url, signal: host.stopSignal, tell, onConfirmed };
  const confirmed = wait && block !== null ? await confirmBlock(deps, block).finally(end) : null;
  end();
  if (json === true) {
    const { isDone, firewalls } = confirmed ?? { isDone: null, firewalls: [] };
    host.out(shownJson({ answer: body, isConfirmed: isDone, firewalls }));
  }
  if (confirmed === null || confirmed.isDone || block === null) {
    return 0;
  }
  const missing = confirmed.firewalls.filter(({ isConfirmed, isWatched }) => !isConfirmed && isWatched);
  const names = missing.map(({ firewall }) => firewall).join(", ");
  host.err(
    `Not dropped yet by ${names}. Portcullis keeps trying; see "portcullis status" and "portcullis blocks ${bareAddress(block.prefix)}".\n`,
  );
  return 1;
}

interface Telling {
  readonly tell: (line: string) => void;
  /** A firewall drops it. */
  readonly onConfirmed: () => void;
  /** No other will. */
  readonly end: () => void;
}

const silent: Telling = { tell: () => undefined, onConfirmed: () => undefined, end: () => undefined };

/** Lines wait for the headline, and the headline for the first firewall that drops it: before that it would not be true. */
function createTelling(out: Host["out"], wanted: Wanted, block: BlockAnswer | null): Telling {
  const lines: string[] = [];
  let isTold = false;
  const begin = (headline: string): void => {
    if (!isTold) {
      isTold = true;
      out([headline, ...lines].join(""));
    }
  };
  return {
    tell: (line) => {
      if (isTold) {
        out(line);
      } else {
        lines.push(line);
      }
    },
    onConfirmed: () => {
      begin(blockHeadline(wanted, null));
    },
    end: () => {
      begin(blockHeadline(wanted, block));
    },
  };
}
