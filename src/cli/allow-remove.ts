import { z } from "zod";
import { parseIpPrefix } from "../domain/ip-address.ts";
import { AllowList, Entry } from "./allow-answer.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { bareAddress } from "./bare-address.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";
import { wrongArgument } from "./wrong-argument.ts";

export interface RemoveOptions extends AskOptions {
  readonly reason?: string;
}

const Disallowed = z.object({ entry: Entry });

/**
 * Takes an entry off the allow-list. @param which its id, or its network
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function allowRemove(host: Host, which: string, options: RemoveOptions): Promise<ExitCode> {
  const { reason = "removed on the command line", json, url } = options;
  const config = await readReceiver(host);
  const list = await askApi(config, { method: "GET", path: "/api/v1/allowlist", url });
  const id = idOf(which, readAnswer(list, AllowList).allowlist);
  const body = await askApi(config, {
    method: "DELETE",
    path: `/api/v1/allowlist/${encodeURIComponent(id)}`,
    body: { reason, actor: whoAmI(host) },
    url,
  });
  const { entry } = readAnswer(body, Disallowed);
  host.out(
    json === true
      ? shownJson(body)
      : `Removed: ${bareAddress(entry.prefix)} is not on the allow-list any more. Nothing is blocked by that: the next alert decides anew.\n`,
  );
  return 0;
}

function idOf(which: string, entries: readonly Entry[]): string {
  if (entries.some(({ id }) => id === which)) {
    return which;
  }
  const network = parseIpPrefix(which);
  const found = entries.filter(({ prefix }) => prefix === network);
  const [first, second] = found;
  if (first === undefined) {
    throw wrongArgument(
      `nothing on the allow-list has the id or the network ${JSON.stringify(which)}: "portcullis allow list" shows what there is`,
    );
  }
  if (second !== undefined) {
    throw wrongArgument(
      `${found.length} entries are about it, so name one by its id: ${found.map(({ id }) => id).join(", ")}`,
    );
  }
  return first.id;
}
