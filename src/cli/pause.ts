import { askApi, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";

/** Stops new blocks until `resume`. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function pause(
  host: Host,
  { reason, json, url }: AskOptions & { readonly reason: string },
): Promise<ExitCode> {
  const body = await askApi(await readReceiver(host), {
    method: "POST",
    path: "/api/v1/pause",
    body: { reason, actor: whoAmI(host) },
    url,
  });
  host.out(
    json === true
      ? shownJson(body)
      : 'Paused: nothing new is blocked, and what would be waits for a person. Blocks that stand go on. "portcullis resume" ends it.\n',
  );
  return 0;
}
