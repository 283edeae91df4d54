import { z } from "zod";
import { type IpPrefix, parseIpPrefix } from "../domain/ip-address.ts";
import { tooWideToLift } from "../operate/too-wide.ts";
import { plural, utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import { bareAddress } from "./bare-address.ts";
import { GraceAnswer } from "./block-answer.ts";
import { confirmLift } from "./confirm-lift.ts";
import type { ExitCode, Host } from "./host.ts";
import { missingWords } from "./missing-words.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";
import { wrongArgument } from "./wrong-argument.ts";

const LiftAnswer = z.object({
  prefix: Shown,
  graceUntil: z.coerce.date(),
  liftedCount: z.number(),
  lifted: z.array(z.object({ id: z.string(), prefix: Shown })),
  endedGraces: z.array(GraceAnswer),
});
type LiftAnswer = z.infer<typeof LiftAnswer>;

export interface UnblockOptions {
  readonly reason?: string;
  /** `24h`, `0`. */
  readonly grace?: string;
  /** False: do not wait for the firewalls. */
  readonly wait?: boolean;
  readonly json?: true;
  readonly url?: string;
}

/**
 * Lifts what blocks an address or network through the running receiver, and tells of each firewall when it has confirmed it.
 * Exit code 1 when not all have within 20 s.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function unblock(host: Host, address: string, options: UnblockOptions): Promise<ExitCode> {
  const prefix = readPrefix(address);
  const grace = readGrace(options.grace);
  const config = await readReceiver(host);
  const { reason = "unblocked on the command line", wait = true, url } = options;
  const body = await askApi(config, {
    method: "DELETE",
    path: `/api/v1/blocks/${prefix}`,
    body: { actor: whoAmI(host), reason, ...grace },
    url,
  });
  const answer = readAnswer(body, LiftAnswer);
  const tell = options.json === true ? () => undefined : host.out;
  tell(headline(prefix, answer));
  const confirmed = wait
    ? await confirmLift({ config, url, signal: host.stopSignal, tell }, answer.lifted)
    : null;
  if (options.json === true) {
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
function readPrefix(address: string): IpPrefix {
  const prefix = parseIpPrefix(address);
  const misfit = prefix === undefined ? "that is not an IP address or a network" : tooWideToLift(prefix);
  if (prefix === undefined || misfit !== null) {
    throw wrongArgument(misfit ?? "");
  }
  return prefix;
}

function headline(prefix: IpPrefix, { lifted, liftedCount, graceUntil, endedGraces }: LiftAnswer): string {
  const ended = endedGraces
    .map(
      ({ prefix: network, until, actor }) =>
        `Ended: the grace of ${bareAddress(network)} by ${actor}, which would have gone on until ${utc(until)}.\n`,
    )
    .join("");
  if (lifted.length === 0) {
    return `${ended}No block stands on ${bareAddress(prefix)}: there is nothing to lift. Alerts may block it again at once.\n`;
  }
  const networks = [...new Set(lifted.map((block) => bareAddress(block.prefix)))];
  const what = networks.length > 5 ? plural(liftedCount, "block") : networks.join(", ");
  const grace =
    graceUntil.getTime() <= Date.now()
      ? "Alerts may block it again at once."
      : `Alerts can't block ${bareAddress(prefix)} again before ${utc(graceUntil)}.`;
  const rest =
    liftedCount > lifted.length ? ` The first ${lifted.length} of ${liftedCount} are followed here.` : "";
  return `${ended}Lifted: ${what}. ${grace}${rest}\n`;
}

/** Seconds, for the API; nothing when not asked for. @throws {AppError} CONFIG_INVALID */
function readGrace(text: string | undefined): { readonly grace?: number } {
  if (text === undefined) {
    return {};
  }
  const [, digits, unit = "s"] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  const isBare = /^\d+$/.test(text);
  const grace = Number(digits) * (unitSeconds.get(unit) ?? Number.NaN);
  if (!(grace <= mostGraceSeconds) || (isBare && grace > 0)) {
    throw wrongArgument("--grace: expected 0 or a duration like 30m, 24h or 7d, at most 365d");
  }
  return { grace };
}

const mostGraceSeconds = 365 * 86_400;
const unitSeconds: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86_400],
]);
