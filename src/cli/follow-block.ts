import type { ReceiverConfig } from "../config/load-receiver.ts";
import { shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { bareAddress } from "./bare-address.ts";
import type { BlockAnswer } from "./block-answer.ts";
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
  /** What happened, as a line. */
  readonly headline: string;
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
  { body, headline, block }: Blocked,
): Promise<ExitCode> {
  const tell = json === true ? () => undefined : host.out;
  tell(headline);
  const confirmed =
    wait && block !== null ? await confirmBlock({ config, url, signal: host.stopSignal, tell }, block) : null;
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
