import { z } from "zod";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer } from "./ask-api.ts";
import { bareAddress } from "./bare-address.ts";
import { BlockAnswer } from "./block-answer.ts";
import { followBlock, type WaitOptions } from "./follow-block.ts";
import type { ExitCode, Host } from "./host.ts";
import { readFor } from "./read-for.ts";
import { readNetwork } from "./read-network.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";

export interface BlockOptions extends WaitOptions {
  /** `24h`, `permanent`. */
  readonly for: string;
  readonly reason: string;
  /** Only on the firewalls of these groups. */
  readonly group?: readonly string[];
  /** Although new blocks are paused. */
  readonly force?: true;
}

const BlockedAnswer = z.object({
  block: BlockAnswer,
  decision: z.object({ action: z.string() }),
});

/**
 * Blocks an address or network through the running receiver, or makes its block last longer, and tells of each firewall when it drops
 * it. Exit code 1 when not all do within 20 s.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function block(host: Host, address: string, options: BlockOptions): Promise<ExitCode> {
  const network = readNetwork(address);
  readFor("--for", options.for);
  const { reason, group: groups, force = false, url } = options;
  const config = await readReceiver(host);
  const body = await askApi(config, {
    method: "POST",
    path: "/api/v1/blocks",
    body: { network, duration: options.for, reason, groups, force, actor: whoAmI(host) },
    url,
  });
  const { block: made, decision } = readAnswer(body, BlockedAnswer);
  const until = made.expiresAt === null ? "until somebody lifts it" : `until ${utc(made.expiresAt)}`;
  const start = decision.action === "block" ? "" : "Nothing new: ";
  const wanted = { start, address: bareAddress(made.prefix), until };
  return followBlock(host, config, options, { body, wanted, block: made });
}
