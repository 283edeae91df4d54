import type { ProtectionConfig } from "../config/config.ts";
import { messageOf } from "../domain/errors.ts";
import { type IpAddress, parseIpAddress } from "../domain/ip-address.ts";
import type { Log } from "../ports.ts";
import { hasCode } from "./has-code.ts";
import { inTime } from "./in-time.ts";

export interface CrawlerCheckDeps {
  /** Those that the settings name. */
  readonly names: ProtectionConfig["crawlers"];
  /** Names of an address. Rejects with `ENOTFOUND` or `ENODATA` when it has none. */
  readonly reverse: (ip: string) => Promise<readonly string[]>;
  /** Addresses of a name, which has its dot at the end; rejects like the other. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly now: () => Date;
  readonly log: Log;
  /** For one address, both questions together. Default is one second. */
  readonly timeoutMs?: number;
}

/** Why the address is a crawler that must not be blocked, as a sentence, or null. Never rejects; null when `signal` is aborted. */
export type CrawlerCheck = (ip: IpAddress, signal: AbortSignal) => Promise<string | null>;

interface Crawler {
  readonly title: string;
  readonly fits: (name: string) => boolean;
}

/**
 * Names under which crawlers work. In google.com and googleusercontent.com are also fetchers that anybody can send anywhere, and rented
 * machines: those are nobody's crawlers.
 * Sources: developers.google.com, "Verifying Googlebot"; bing.com/webmaster/help, "Verifying Bingbot".
 */
const crawlers: Readonly<Record<ProtectionConfig["crawlers"][number], Crawler>> = {
  googlebot: {
    title: "Googlebot",
    fits: (name) =>
      /.\.googlebot\.com$/.test(name) || /^(?:crawl|geo|rate-limited-proxy)-[^.]+\.google\.com$/.test(name),
  },
  bingbot: { title: "Bingbot", fits: (name) => /.\.search\.msn\.com$/.test(name) },
};

const plainName = /^(?:[a-z0-9-]{1,63}\.){2,}[a-z0-9-]{1,63}$/i;
const longestName = 253;
const mostNames = 5;

const mostRemembered = 10_000;
const minuteMs = 60_000;
const confirmedMs = 24 * 60 * minuteMs;
const otherMs = 60 * minuteMs;
const failedMs = 5 * minuteMs;

interface Answer {
  readonly reason: string | null;
  readonly lastsMs: number;
}

interface Remembered {
  readonly reason: string | null;
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * Tells crawlers by their names: the address must have a name of theirs, and that name must lead back to exactly this address, which only
 * the owner of both can arrange. When name servers don't answer, the address is nobody's.
 */
export function createCrawlerCheck(deps: CrawlerCheckDeps): CrawlerCheck {
  const { names, now } = deps;
  const wanted = names.map((name) => crawlers[name]);
  const remembered = new Map<IpAddress, Remembered>();
  const underWay = new Map<IpAddress, Promise<string | null>>();
  const tellFailure = createFailureLog(deps);

  const find = async (ip: IpAddress): Promise<string | null> => {
    const { reason, lastsMs } = await ask(deps, wanted, ip).catch((error: unknown) => {
      tellFailure(ip, error);
      return { reason: null, lastsMs: failedMs };
    });
    const fromMs = now().getTime();
    remember(remembered, ip, { reason, fromMs, untilMs: fromMs + lastsMs });
    underWay.delete(ip);
    return reason;
  };

  return async (ip, signal) => {
    if (wanted.length === 0 || signal.aborted) {
      return null;
    }
    const known = remembered.get(ip);
    const nowMs = now().getTime();
    if (known !== undefined && known.fromMs <= nowMs && nowMs < known.untilMs) {
      return known.reason;
    }
    const finding = underWay.get(ip) ?? find(ip);
    underWay.set(ip, finding);
    return untilAborted(finding, signal);
  };
}

/** Rejects when name servers don't answer, or not in time. */
async function ask(
  { reverse, resolve, timeoutMs = 1000 }: CrawlerCheckDeps,
  wanted: readonly Crawler[],
  ip: IpAddress,
): Promise<Answer> {
  const confirm = async (): Promise<string | null> => {
    const names = (await orNone(reverse(ip))).flatMap(normalName);
    const claims = names
      .flatMap((name) => wanted.filter(({ fits }) => fits(name)).map(({ title }) => ({ name, title })))
      .slice(0, mostNames);
    const leadsBack = await Promise.allSettled(
      claims.map(async ({ name }) => {
        // With its dot, or a search domain of this machine would be tried too.
        const addresses = await orNone(resolve(`${name}.`));
        return addresses.some((address) => parseIpAddress(address) === ip);
      }),
    );
    const found = claims.find((_claim, n) => isTrue(leadsBack[n]));
    const failed = leadsBack.find((outcome) => outcome.status === "rejected");
    if (found === undefined && failed !== undefined) {
      throw failed.reason;
    }
    return found === undefined ? null : `${ip} is ${found.title}: its name ${found.name} leads back to it`;
  };
  const reason = await inTime(confirm(), timeoutMs);
  return { reason, lastsMs: reason === null ? otherMs : confirmedMs };
}

function isTrue(outcome: PromiseSettledResult<boolean> | undefined): boolean {
  return outcome?.status === "fulfilled" && outcome.value;
}

/** The name in lower case without the dot at its end; none when it is no plain host name. */
function normalName(text: string): readonly string[] {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  return name.length <= longestName && plainName.test(name) ? [name.toLowerCase()] : [];
}

/** That there is no such name is an answer. */
async function orNone(answer: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, ["ENOTFOUND", "ENODATA"])) {
      return [];
    }
    throw error;
  }
}

function remember(remembered: Map<IpAddress, Remembered>, ip: IpAddress, answer: Remembered): void {
  remembered.delete(ip);
  remembered.set(ip, answer);
  const [oldest] = remembered.keys();
  if (remembered.size > mostRemembered && oldest !== undefined) {
    remembered.delete(oldest);
  }
}

/** At most one line a minute. */
function createFailureLog({ now, log }: CrawlerCheckDeps): (ip: IpAddress, error: unknown) => void {
  let lastMs: number | undefined;
  return (ip, error) => {
    const nowMs = now().getTime();
    if (lastMs === undefined || Math.abs(nowMs - lastMs) >= minuteMs) {
      lastMs = nowMs;
      log.warn(
        { ip, error: messageOf(error) },
        "name servers don't answer, so a crawler can't be told from others and may be blocked",
      );
    }
  };
}

async function untilAborted(finding: Promise<string | null>, signal: AbortSignal): Promise<string | null> {
  let onAbort = (): void => {};
  const aborted = new Promise<null>((resolve) => {
    onAbort = () => {
      resolve(null);
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([finding, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
