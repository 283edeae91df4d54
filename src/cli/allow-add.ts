import { z } from "zod";
import { plural, utc } from "../notify/words.ts";
import { parseMoment } from "../operate/api/wanted-shapes.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import { Entry } from "./allow-answer.ts";
import { bareAddress } from "./bare-address.ts";
import { confirmLift } from "./confirm-lift.ts";
import type { WaitOptions } from "./follow-block.ts";
import type { ExitCode, Host } from "./host.ts";
import { readFor } from "./read-for.ts";
import { readNetwork } from "./read-network.ts";
import { readReceiver } from "./read-receiver.ts";
import { missingWords } from "./missing-words.ts";
import { whoAmI } from "./who-am-i.ts";
import { wrongArgument } from "./wrong-argument.ts";

export interface AllowOptions extends WaitOptions {
  readonly reason: string;
  readonly owner?: string;
  /** `30d`. */
  readonly for?: string;
  /** `2027-01-31`. */
  readonly until?: string;
  /** Although it is wider than /16 (IPv4) or /32 (IPv6). */
  readonly wide?: true;
}

const Allowed = z.object({
  entry: Entry,
  liftedCount: z.number(),
  lifted: z.array(z.object({ id: z.string(), prefix: Shown })),
});

/**
 * Puts a network on the allow-list, names the blocks that this lifted, and waits until each firewall has confirmed it. Exit code 1
 * when not all have within 20 s.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function allowAdd(host: Host, address: string, options: AllowOptions): Promise<ExitCode> {
  const network = readNetwork(address);
  checkEnd(options);
  const { reason, owner, for: duration, until: expires, wide = false, url, json, wait = true } = options;
  const config = await readReceiver(host);
  const body = await askApi(config, {
    method: "POST",
    path: "/api/v1/allowlist",
    body: { network, reason, owner, duration, expires, wide, actor: whoAmI(host) },
    url,
  });
  const answer = readAnswer(body, Allowed);
  const tell = json === true ? () => undefined : host.out;
  tell(headline(answer));
  const confirmed =
    wait && answer.lifted.length > 0
      ? await confirmLift({ config, url, signal: host.stopSignal, tell }, answer.lifted)
      : null;
  if (json === true) {
    const { isDone, firewalls } = confirmed ?? { isDone: null, firewalls: [] };
    host.out(shownJson({ answer: body, isConfirmed: isDone, firewalls }));
  }
  if (confirmed === null || confirmed.isDone) {
    return 0;
  }
  host.err(missingWords(confirmed));
  return 1;
}

/** @throws {AppError} CONFIG_INVALID */
function checkEnd(options: Pick<AllowOptions, "for" | "until">): void {
  if (options.for !== undefined && options.until !== undefined) {
    throw wrongArgument("say either --for or --until");
  }
  if (options.for !== undefined) {
    readFor("--for", options.for);
  }
  if (options.until !== undefined && parseMoment(options.until) === undefined) {
    throw wrongArgument(
      "--until: expected a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z",
    );
  }
}

/** More networks than these are counted. */
const mostNamed = 5;

function headline({ entry, lifted, liftedCount }: z.infer<typeof Allowed>): string {
  const until = entry.expiresAt === null ? "" : ` until ${utc(entry.expiresAt)}`;
  const networks = [...new Set(lifted.map(({ prefix }) => bareAddress(prefix)))];
  const what = networks.length > mostNamed ? plural(liftedCount, "block") : networks.join(", ");
  const done =
    liftedCount === 0
      ? "No block stood in its way."
      : `Lifted: ${what}.${followedWords(lifted, liftedCount)}`;
  return `Allowed: ${bareAddress(entry.prefix)}${until}, nothing may block it (${entry.id}). ${done}\n`;
}

function followedWords(lifted: readonly unknown[], count: number): string {
  return count > lifted.length ? ` The first ${lifted.length} of ${count} are followed here.` : "";
}
