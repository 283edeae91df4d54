import { z } from "zod";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { bareAddress } from "./bare-address.ts";
import { findApproval } from "./find-approval.ts";
import type { ExitCode, Host } from "./host.ts";
import { readFor } from "./read-for.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";

export interface DenyOptions extends AskOptions {
  readonly reason?: string;
  /** `24h`, `always`: also puts the address on the allow-list. */
  readonly allowFor?: string;
}

const Denied = z.object({
  allowed: z.object({ prefix: Shown, expiresAt: z.coerce.date().nullable() }).nullable(),
});

/**
 * Leaves alone what waits for a person. @param which its id, the beginning of it, or the address
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function deny(host: Host, which: string, options: DenyOptions): Promise<ExitCode> {
  const { reason = "denied on the command line", allowFor, url, json } = options;
  if (allowFor !== undefined && allowFor !== "always") {
    readFor("--allow-for", allowFor);
  }
  const config = await readReceiver(host);
  const id = await findApproval(config, which, url);
  const body = await askApi(config, {
    method: "POST",
    path: `/api/v1/approvals/${encodeURIComponent(id)}/deny`,
    body: { reason, allowFor, actor: whoAmI(host) },
    url,
  });
  const { allowed } = readAnswer(body, Denied);
  host.out(json === true ? shownJson(body) : `Denied: nothing is blocked.${allowedWords(allowed)}\n`);
  return 0;
}

function allowedWords(allowed: z.infer<typeof Denied>["allowed"]): string {
  if (allowed === null) {
    return "";
  }
  const until = allowed.expiresAt === null ? "" : ` until ${utc(allowed.expiresAt)}`;
  return ` ${bareAddress(allowed.prefix)} is on the allow-list${until}.`;
}
