import { z } from "zod";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { Token } from "./token-answer.ts";
import { whoAmI } from "./who-am-i.ts";

const Revoked = z.object({ token: Token });

/** Refuses a token from now on. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function tokenRevoke(
  host: Host,
  id: string,
  options: AskOptions & { readonly reason?: string },
): Promise<ExitCode> {
  const { reason = "revoked on the command line", json, url } = options;
  const body = await askApi(await readReceiver(host), {
    method: "DELETE",
    path: `/api/v1/tokens/${encodeURIComponent(id)}`,
    body: { reason, actor: whoAmI(host) },
    url,
  });
  const { token } = readAnswer(body, Revoked);
  host.out(
    json === true ? shownJson(body) : `Revoked: token ${token.id} of ${token.name} is refused from now on.\n`,
  );
  return 0;
}
