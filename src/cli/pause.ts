import { utc } from "../notify/words.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { ControlsAnswer } from "./controls-answer.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";

/** Stops new blocks until `resume`. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function pause(
  host: Host,
  { reason, json, url }: AskOptions & { readonly reason: string },
): Promise<ExitCode> {
  const config = await readReceiver(host);
  const before = await askApi(config, { method: "GET", path: "/api/v1/controls", url });
  const { paused } = readAnswer(before, ControlsAnswer);
  const body = await askApi(config, {
    method: "POST",
    path: "/api/v1/pause",
    body: { reason, actor: whoAmI(host) },
    url,
  });
  const told =
    paused === null
      ? "Paused: nothing new is blocked, and what would be waits for a person. Blocks that stand go on."
      : `Nothing new: paused already, since ${utc(paused.since)} by ${paused.actor}: ${paused.reason}.`;
  host.out(json === true ? shownJson(body) : `${told} "portcullis resume" ends it.\n`);
  return 0;
}
