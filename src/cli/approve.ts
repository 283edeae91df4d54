import { z } from "zod";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown } from "./ask-api.ts";
import { BlockAnswer } from "./block-answer.ts";
import { findApproval } from "./find-approval.ts";
import { followBlock, type WaitOptions } from "./follow-block.ts";
import type { ExitCode, Host } from "./host.ts";
import { readFor } from "./read-for.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";

export interface ApproveOptions extends WaitOptions {
  readonly reason?: string;
  /** `24h`, `permanent`; left out: as the policy says. */
  readonly for?: string;
  readonly force?: true;
}

const Approved = z.object({
  decision: z.object({ ip: Shown, expiresAt: z.coerce.date().nullable() }),
  block: BlockAnswer.nullable(),
});

/**
 * Blocks what waits for a person, and tells of each firewall when it drops it. Exit code 1 when not all do within 20 s.
 * @param which its id, the beginning of it, or the address
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function approve(host: Host, which: string, options: ApproveOptions): Promise<ExitCode> {
  if (options.for !== undefined) {
    readFor("--for", options.for);
  }
  const { reason = "approved on the command line", for: duration, force = false, url } = options;
  const config = await readReceiver(host);
  const id = await findApproval(config, which, url);
  const body = await askApi(config, {
    method: "POST",
    path: `/api/v1/approvals/${encodeURIComponent(id)}/approve`,
    body: { reason, duration, force, actor: whoAmI(host) },
    url,
  });
  const { decision, block } = readAnswer(body, Approved);
  const until = decision.expiresAt === null ? "until somebody lifts it" : `until ${utc(decision.expiresAt)}`;
  const wanted = { start: "Approved: ", address: decision.ip, until };
  return followBlock(host, config, options, { body, wanted, block });
}
