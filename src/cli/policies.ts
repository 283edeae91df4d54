import { z } from "zod";
import { showPolicy } from "../config/show-policy.ts";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { PolicyAnswer, PolicyContent } from "./policy-answer.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";

const Policies = z.object({ policies: z.array(PolicyAnswer) });

/**
 * Prints every policy that has decided, or what one of them says.
 * @param version with or without `sha256:`; undefined: all
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function policies(
  host: Host,
  version: string | undefined,
  { json, url }: AskOptions,
): Promise<ExitCode> {
  const path = version === undefined ? "" : `/${encodeURIComponent(wholeVersion(version))}`;
  const body = await askApi(await readReceiver(host), {
    method: "GET",
    path: `/api/v1/policies${path}`,
    url,
  });
  const answer = readAnswer(body, Policies).policies;
  const write = version === undefined ? writeAll : writeOne;
  host.out(json === true ? shownJson(body) : write(answer));
  return 0;
}

function wholeVersion(version: string): string {
  return version.includes(":") ? version : `sha256:${version}`;
}

function writeAll(all: readonly PolicyAnswer[]): string {
  const rows = all.map(({ version, role, firstUsedAt, policy }) => [
    version,
    roleText(role),
    utc(firstUsedAt),
    rulesText(policy),
  ]);
  return rows.length === 0
    ? "No policy has decided yet.\n"
    : table([["policy", "for", "since", "rules"], ...rows]);
}

/** Whatever its roles are, it says the same: the version is reckoned from that. */
function writeOne(roles: readonly PolicyAnswer[]): string {
  const [first] = roles;
  if (first === undefined) {
    return "No policy of this version has decided.\n";
  }
  const uses = roles.map(({ role, firstUsedAt }) => `${roleText(role)} since ${utc(firstUsedAt)}`);
  const content = PolicyContent.safeParse(first.policy).data;
  const shown = content === undefined ? shownJson(first.policy) : table(showPolicy("policy", content, null));
  return `Policy ${first.version}: ${uses.join(", ")}\n\n${shown}`;
}

/** A role that is no other is the pattern of the searches that it is for. */
function roleText(role: string): string {
  return role === "live" || role === "shadow" ? role : `searches ${role}`;
}

const Ruled = z.object({ block: z.array(z.unknown()), hold: z.array(z.unknown()) });

function rulesText(policy: unknown): string {
  const { data } = Ruled.safeParse(policy);
  return data === undefined ? "-" : `${data.block.length} block, ${data.hold.length} hold`;
}
