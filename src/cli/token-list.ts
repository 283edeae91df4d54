import { z } from "zod";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";
import { Token } from "./token-answer.ts";

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
    lastUsedAt === null ? "never" : utc(later(lastUsedAt, createdAt)),
  ]);
  const none = "There is no token but ADMIN_TOKEN.\n";
  host.out(json === true ? shownJson(body) : rows.length === 0 ? none : table([head, ...rows]));
  return 0;
}

/** A use is kept to the minute: it must not seem to be before the token was made. */
function later(a: Date, b: Date): Date {
  return a > b ? a : b;
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
