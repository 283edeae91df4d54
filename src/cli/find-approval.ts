import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { parseIpAddress } from "../domain/ip-address.ts";
import { readAnswer, Shown } from "./ask-api.ts";
import { askPages } from "./ask-pages.ts";
import { wrongArgument } from "./wrong-argument.ts";

const Waiting = z.array(z.object({ id: Shown, decision: z.object({ ip: Shown }) }));
type Waiting = z.infer<typeof Waiting>;

/** More ids than these are not named. */
const mostNamed = 10;

/**
 * The id of what a person has named that waits for one.
 * @param which its id, the beginning of it with at least 6 characters after `de_`, or the address that is held
 * @throws {AppError} CONFIG_INVALID when it names none or several; API_UNREACHABLE, API_REFUSED
 */
export async function findApproval(
  config: ReceiverConfig,
  which: string,
  url: string | undefined,
): Promise<string> {
  if (/^de_[0-9a-f]{32}$/.test(which)) {
    return which;
  }
  const matches = matcherOf(which);
  const { items } = await askPages(config, {
    path: "/api/v1/approvals",
    key: "approvals",
    query: {},
    limit: Number.POSITIVE_INFINITY,
    url,
  });
  return onlyOne(which, readAnswer(items, Waiting).filter(matches));
}

function matcherOf(which: string): (one: Waiting[number]) => boolean {
  if (/^de_[0-9a-f]{6,}$/.test(which)) {
    return ({ id }) => id.startsWith(which);
  }
  const ip = parseIpAddress(which);
  if (ip === undefined) {
    throw wrongArgument(
      'expected an id as "portcullis approvals" shows it, its beginning with at least 6 characters after de_, or the address that is held',
    );
  }
  return ({ decision }) => decision.ip === ip;
}

function onlyOne(which: string, found: Waiting): string {
  const [first, second] = found;
  if (first === undefined) {
    throw wrongArgument(
      `nothing that waits for a person has the id or the address ${which}: "portcullis approvals" shows what waits, with --all also what was answered`,
    );
  }
  if (second !== undefined) {
    const named = found.slice(0, mostNamed).map(({ id }) => id);
    const left = found.length - named.length;
    throw wrongArgument(
      `${found.length} decisions fit ${which}, so name one by more of its id: ${named.join(", ")}${left > 0 ? ` and ${left} more` : ""}`,
    );
  }
  return first.id;
}
