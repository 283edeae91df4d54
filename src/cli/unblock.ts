import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { type IpPrefix, parseIpPrefix } from "../domain/ip-address.ts";
import { cleanText } from "../notify/clean-text.ts";
import { plural, utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import { bareAddress } from "./bare-address.ts";
import { confirmLift } from "./confirm-lift.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

const LiftAnswer = z.object({
  prefix: Shown,
  graceUntil: z.coerce.date(),
  liftedCount: z.number(),
  lifted: z.array(z.object({ id: z.string(), prefix: Shown })),
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
  const prefix = parseIpPrefix(address);
  if (prefix === undefined) {
    throw new AppError("CONFIG_INVALID", "that is not an IP address or a network", { retryable: false });
  }
  const grace = readGrace(options.grace);
  const config = await readConfig(host);
  const body = await askApi(config, {
    method: "DELETE",
    path: `/api/v1/blocks/${prefix}`,
    body: { actor: whoAmI(host), reason: options.reason ?? "unblocked on the command line", ...grace },
    url: options.url,
  });
  const answer = readAnswer(body, LiftAnswer);
  const tell = options.json === true ? () => undefined : host.out;
  tell(headline(prefix, answer));
  const { isDone, firewalls } =
    options.wait === false
      ? { isDone: true, firewalls: [] }
      : await confirmLift({ config, url: options.url, signal: host.stopSignal, tell }, answer.lifted);
  if (options.json === true) {
    host.out(shownJson({ answer: body, isConfirmed: options.wait === false ? null : isDone, firewalls }));
  }
  if (isDone) {
    return 0;
  }
  const missing = firewalls.filter(({ isConfirmed }) => !isConfirmed).map(({ firewall }) => firewall);
  host.err(
    `Not confirmed by ${missing.length === 0 ? "every firewall" : missing.join(", ")}. Portcullis keeps trying; see "portcullis status" and "portcullis blocks ${bareAddress(prefix)} --all".\n`,
  );
  return 1;
}

function headline(prefix: IpPrefix, { lifted, liftedCount, graceUntil }: LiftAnswer): string {
  const networks = [...new Set(lifted.map((block) => bareAddress(block.prefix)))];
  const what = networks.length > 5 ? plural(liftedCount, "block") : networks.join(", ");
  const grace =
    graceUntil.getTime() <= Date.now()
      ? "Alerts may block it again at once."
      : `Alerts can't block ${bareAddress(prefix)} again before ${utc(graceUntil)}.`;
  const rest =
    liftedCount > lifted.length ? ` The first ${lifted.length} of ${liftedCount} are followed here.` : "";
  return `Lifted: ${what}. ${grace}${rest}\n`;
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
    throw new AppError(
      "CONFIG_INVALID",
      "--grace: expected 0 or a duration like 30m, 24h or 7d, at most 365d",
      {
        retryable: false,
      },
    );
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

/** For the record: who asked. */
function whoAmI({ env, hostname }: Host): string {
  const user = env["SUDO_USER"] ?? env["USER"] ?? env["LOGNAME"] ?? "somebody";
  return cleanText(`${user}@${hostname}`, 150);
}
