import { z } from "zod";
import type { Config } from "../config/config.ts";
import { AppError } from "../domain/errors.ts";
import { type IpPrefix, parseIpPrefix } from "../domain/ip-address.ts";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import { bareAddress } from "./bare-address.ts";
import { BlockAnswer } from "./block-answer.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";
import { table } from "./table.ts";

export interface BlocksOptions {
  /** Also those that do not stand any more. */
  readonly all?: true;
  readonly json?: true;
  /** Digits. */
  readonly limit?: string;
  readonly url?: string;
}

const RawPage = z.object({ blocks: z.array(z.unknown()), next: z.string().nullish() });
const Standing = z.object({ state: z.literal("standing") });

const mostPerPage = 500;
const usualLimit = 50;

/**
 * Lists blocks, newest first; with an address those that cover it.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function blocks(
  host: Host,
  address: string | undefined,
  options: BlocksOptions,
): Promise<ExitCode> {
  const limit = readLimit(options.limit);
  const prefix = address === undefined ? null : parseIpPrefix(address);
  if (prefix === undefined) {
    throw new AppError("CONFIG_INVALID", "that is not an IP address or a network", { retryable: false });
  }
  const config = await readConfig(host);
  const found =
    prefix === null ? await listed(config, limit, options) : await covering(config, prefix, limit, options);
  host.out(options.json === true ? shownJson(found) : format(found, options));
  return 0;
}

function readLimit(text: string | undefined): number {
  const limit = text === undefined ? usualLimit : /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined;
  if (limit === undefined) {
    throw new AppError("CONFIG_INVALID", "--limit: expected a whole number from 1 to 999999", {
      retryable: false,
    });
  }
  return limit;
}

interface Found {
  readonly blocks: readonly unknown[];
  /** There are more than the limit. */
  readonly more: boolean;
}

async function listed(config: Config, limit: number, { all, url }: BlocksOptions): Promise<Found> {
  const found: unknown[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({
      limit: String(Math.min(mostPerPage, limit - found.length)),
      standing: String(all !== true),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const body = await askApi(config, { method: "GET", path: `/api/v1/blocks?${query.toString()}`, url });
    const page = readAnswer(body, RawPage);
    found.push(...page.blocks);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && found.length < limit);
  return { blocks: found, more: cursor !== undefined };
}

async function covering(
  config: Config,
  prefix: IpPrefix,
  limit: number,
  { all, url }: BlocksOptions,
): Promise<Found> {
  const body = await askApi(config, { method: "GET", path: `/api/v1/blocks/${prefix}`, url });
  const found = readAnswer(body, RawPage).blocks.filter(
    (block) => all === true || Standing.safeParse(block).success,
  );
  return { blocks: found.slice(0, limit), more: found.length > limit };
}

function format({ blocks, more }: Found, { all }: BlocksOptions): string {
  const told = readAnswer(blocks, z.array(BlockAnswer));
  if (told.length === 0) {
    return all === true
      ? "There is no block.\n"
      : "No block stands. With --all you also see those that are over.\n";
  }
  const most = Math.max(...told.map((block) => dropsOf(block).packets));
  const head = ["network", "until", "since", "firewalls", "packets", "bytes", ""];
  const rows = told.map((block) => {
    const { packets, bytes } = dropsOf(block);
    return [
      bareAddress(block.prefix),
      untilWords(block),
      utc(block.createdAt),
      firewallWords(block),
      count(packets),
      byteWords(bytes),
      bar(packets, most),
    ];
  });
  return `${table([head, ...rows])}${more ? "… and more: use --limit\n" : ""}`;
}

function dropsOf({ enforcements }: BlockAnswer): { readonly packets: number; readonly bytes: number } {
  return {
    packets: enforcements.reduce((sum, { packets }) => sum + packets, 0),
    bytes: enforcements.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function untilWords({ state, expiresAt, endedAt, lifted }: BlockAnswer): string {
  const when = endedAt === null ? "" : ` ${utc(endedAt)}`;
  if (lifted !== null) {
    return `lifted${when} by ${lifted.actor}: ${lifted.reason}`;
  }
  if (state !== "standing") {
    return `over${when}`;
  }
  return expiresAt === null ? "somebody lifts it" : utc(expiresAt);
}

/** In one state, more names than these are counted. */
const mostNames = 4;

/** `verified edge-1 edge-2; requested 12 firewalls` */
function firewallWords({ mode, enforcements }: BlockAnswer): string {
  if (enforcements.length === 0) {
    return mode === "enforce" ? "none" : `none: made in mode ${mode}`;
  }
  return [...Map.groupBy(enforcements, ({ state }) => state)]
    .map(([state, those]) => {
      const names = those.map(({ firewall }) => firewall).join(" ");
      return `${state} ${those.length > mostNames ? `${those.length} firewalls` : names}`;
    })
    .join("; ");
}

function count(figure: number): string {
  return figure.toLocaleString("en-US");
}

/** `72.2 kB` */
function byteWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? ""}`;
}

const barLength = 12;

function bar(packets: number, most: number): string {
  return packets === 0 ? "" : "▇".repeat(Math.max(1, Math.round((barLength * packets) / most)));
}
