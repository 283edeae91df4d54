import { z } from "zod";
import { plural } from "../notify/words.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";

export interface ResumeOptions extends AskOptions {
  readonly reason?: string;
  /** What was held meanwhile waits on for a person. */
  readonly keepHolds?: true;
}

const Resumed = z.object({ released: z.number(), protectedNow: z.number(), unchanged: z.number() });

/** Very many holds may have been waiting. */
const patienceMs = 5 * 60_000;

/** Ends a pause, and blocks what was held only for it. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function resume(host: Host, options: ResumeOptions): Promise<ExitCode> {
  const { reason = "resumed on the command line", keepHolds, json, url } = options;
  const body = await askApi(await readReceiver(host), {
    method: "POST",
    path: "/api/v1/resume",
    body: { reason, release: keepHolds !== true, actor: whoAmI(host) },
    url,
    timeoutMs: patienceMs,
  });
  const { released, protectedNow, unchanged } = readAnswer(body, Resumed);
  const left = [
    ...(protectedNow === 0 ? [] : [` Left, because they may not be blocked: ${protectedNow}.`]),
    ...(unchanged === 0 ? [] : [` Left, because it was settled meanwhile: ${unchanged}.`]),
  ].join("");
  const told =
    keepHolds === true
      ? ' What was held waits on for a person: "portcullis approvals" shows it.'
      : ` ${plural(released, "decision")} that waited only for that became ${released === 1 ? "a block" : "blocks"}.${left}`;
  host.out(json === true ? shownJson(body) : `New blocks are made again.${told}\n`);
  return 0;
}
