import { z } from "zod";
import { type Role, roles } from "../domain/role.ts";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readFor } from "./read-for.ts";
import { readReceiver } from "./read-receiver.ts";
import { Token } from "./token-answer.ts";
import { whoAmI } from "./who-am-i.ts";
import { wrongArgument } from "./wrong-argument.ts";

const Created = z.object({ token: Token, secret: Shown });

export interface TokenOptions extends AskOptions {
  readonly role: string;
  /** `90d`; left out: without end. */
  readonly for?: string;
}

/**
 * Makes a token for a person or a program. On standard output stands its secret and nothing else, this once.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function tokenCreate(host: Host, name: string, options: TokenOptions): Promise<ExitCode> {
  const { role, for: duration, json, url } = options;
  if (!isRole(role)) {
    throw wrongArgument(`--role: expected ${roles.join(", ")}`);
  }
  if (duration !== undefined) {
    readFor("--for", duration);
  }
  const body = await askApi(await readReceiver(host), {
    method: "POST",
    path: "/api/v1/tokens",
    body: { name, role, duration, actor: whoAmI(host) },
    url,
  });
  const { token, secret } = readAnswer(body, Created);
  if (json === true) {
    host.out(shownJson(body));
    return 0;
  }
  const until = token.expiresAt === null ? "without end" : `until ${utc(token.expiresAt)}`;
  host.err(
    `Token ${token.id} of ${token.name}, ${token.role}, ${until}. It is shown this once; PORTCULLIS_TOKEN takes it, and "portcullis token revoke ${token.id}" ends it.\n`,
  );
  host.out(`${secret}\n`);
  return 0;
}

function isRole(text: string): text is Role {
  return roles.some((role) => role === text);
}
