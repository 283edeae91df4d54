import { z } from "zod";
import { plural } from "../notify/words.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { ControlsAnswer } from "./controls-answer.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";

export interface ResumeOptions extends AskOptions {
  readonly reason?: string;
  /** What was held meanwhile waits on for a person. */
  readonly keepHolds?: true;
}

const Resumed = z.object({
  released: z.number(),
  protectedNow: z.number(),
  crawlers: z.number(),
  unchanged: z.number(),
});

/** Very many holds may have been waiting. */
const patienceMs = 5 * 60_000;

/** Ends a pause, and blocks what was held only for it. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function resume(host: Host, options: ResumeOptions): Promise<ExitCode> {
  const { reason = "resumed on the command line", keepHolds, json, url } = options;
  const config = await readReceiver(host);
  const before = await askApi(config, { method: "GET", path: "/api/v1/controls", url });
  const body = await askApi(config, {
    method: "POST",
    path: "/api/v1/resume",
    body: { reason, release: keepHolds !== true, actor: whoAmI(host) },
    url,
    timeoutMs: patienceMs,
  });
  const { released, protectedNow, crawlers, unchanged } = readAnswer(body, Resumed);
  const left = [
    ...(protectedNow === 0 ? [] : [` Left, because they may not be blocked: ${protectedNow}.`]),
    ...(crawlers === 0
      ? []
      : [` Left, because they are crawlers: ${crawlers}; "portcullis approvals" shows them.`]),
    ...(unchanged === 0 ? [] : [` Left, because it was settled meanwhile: ${unchanged}.`]),
  ].join("");
  const told =
    keepHolds === true
      ? ' What was held waits on for a person: "portcullis approvals" shows it.'
      : ` ${plural(released, "decision")} that waited only for that became ${released === 1 ? "a block" : "blocks"}.${left}`;
  host.out(json === true ? shownJson(body) : `${startOf(readAnswer(before, ControlsAnswer))}${told}\n`);
  return 0;
}

function startOf({ paused, limited }: z.infer<typeof ControlsAnswer>): string {
  return paused === null && limited === null
    ? "Nothing was paused or beyond a limit: new blocks are made as before."
    : "New blocks are made again.";
}
