import { z } from "zod";
import { type Role, roles } from "../domain/role.ts";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readFor } from "./read-for.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";
import { whoAmI } from "./who-am-i.ts";
import { wrongArgument } from "./wrong-argument.ts";

const Time = z.coerce.date();

const Token = z.object({
  id: Shown,
  name: Shown,
  role: Shown,
  createdAt: Time,
  createdBy: Shown,
  expiresAt: Time.nullable(),
  revokedAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
});

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

const Tokens = z.object({ tokens: z.array(Token) });

/** Prints who may use the API, without secrets. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function tokenList(host: Host, { json, url }: AskOptions): Promise<ExitCode> {
  const body = await askApi(await readReceiver(host), { method: "GET", path: "/api/v1/tokens", url });
  const { tokens } = readAnswer(body, Tokens);
  const head = ["id", "name", "role", "since", "by", "until", "last used"];
  const rows = tokens.map(({ id, name, role, createdAt, createdBy, lastUsedAt, ...token }) => [
    id,
    name,
    role,
    utc(createdAt),
    createdBy,
    untilWords(token),
    lastUsedAt === null ? "never" : utc(lastUsedAt),
  ]);
  const none = "There is no token but ADMIN_TOKEN.\n";
  host.out(json === true ? shownJson(body) : rows.length === 0 ? none : table([head, ...rows]));
  return 0;
}

function untilWords({
  expiresAt,
  revokedAt,
}: Pick<z.infer<typeof Token>, "expiresAt" | "revokedAt">): string {
  if (revokedAt !== null) {
    return `revoked ${utc(revokedAt)}`;
  }
  return expiresAt === null ? "without end" : utc(expiresAt);
}

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
    json === true
      ? shownJson(body)
      : `Revoked: token ${token.id} of ${token.name} is refused from now on.\n`,
  );
  return 0;
}
