import { utc } from "../notify/words.ts";
import { AllowList, type Entry } from "./allow-answer.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { bareAddress } from "./bare-address.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";

/** Prints the allow-list, of the settings and added by people. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function allowList(host: Host, { json, url }: AskOptions): Promise<ExitCode> {
  const body = await askApi(await readReceiver(host), { method: "GET", path: "/api/v1/allowlist", url });
  const { allowlist } = readAnswer(body, AllowList);
  host.out(json === true ? shownJson(body) : writeAllowList(allowlist));
  return 0;
}

function writeAllowList(entries: readonly Entry[]): string {
  if (entries.length === 0) {
    return 'The allow-list is empty. "portcullis allow add NETWORK --reason TEXT" adds to it.\n';
  }
  const head = ["network", "until", "reason", "owner", "by", "since", "id"];
  const rows = entries.map(({ id, prefix, expiresAt, reason, owner, actor, createdAt, removable }) => [
    bareAddress(prefix),
    expiresAt === null ? "always" : utc(expiresAt),
    reason === "" ? "-" : reason,
    owner === "" ? "-" : owner,
    actor,
    removable ? utc(createdAt) : "-",
    removable ? id : `${id} (in the settings)`,
  ]);
  return table([head, ...rows]);
}
