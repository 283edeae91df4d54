import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { AppError } from "../domain/errors.ts";
import { type IpPrefix, parseIpPrefix } from "../domain/ip-address.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import { BlockAnswer, GraceAnswer } from "./block-answer.ts";
import { askFirewalls, type FirewallAnswer } from "./firewall-answer.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { writeBlocks } from "./write-blocks.ts";

export interface BlocksOptions {
  /** Also those that do not stand any more. */
  readonly all?: true;
  readonly json?: true;
  /** Digits. */
  readonly limit?: string;
  readonly url?: string;
}

const RawPage = z.object({ blocks: z.array(z.unknown()), next: z.string().nullish() });
const RawGraces = z.object({ graces: z.array(z.unknown()) });
/** The parts of a block that tell whether packets are dropped, or may be. */
const Dropping = z.union([
  z.object({ state: z.literal("standing") }),
  z.object({
    expiresAt: z.coerce
      .date()
      .nullable()
      .refine((end) => end === null || end > new Date()),
    enforcements: z
      .array(z.object({ state: z.string() }))
      .refine((rows) => rows.some(({ state }) => state === "lifting")),
  }),
]);

const mostPerPage = 500;
const usualLimit = 50;

/**
 * Lists blocks, newest first; with an address those that cover it, why they are not in force where they are not, and whether
 * somebody let it out. Lifted ones that a firewall may still drop go ahead.
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
  const config = await readReceiver(host);
  const found =
    prefix === null ? await listed(config, limit, options) : await covering(config, prefix, limit, options);
  if (options.json === true) {
    host.out(shownJson(found));
    return 0;
  }
  const told = readAnswer(found.blocks, z.array(BlockAnswer));
  const isEnforced = told.some(({ enforcements }) => enforcements.length > 0);
  const firewalls: ReadonlyMap<string, FirewallAnswer> = isEnforced
    ? await askFirewalls(config, options.url)
    : new Map();
  host.out(
    writeBlocks({
      blocks: told,
      more: found.more,
      isAll: options.all === true,
      graces: readAnswer(found.graces ?? [], z.array(GraceAnswer)),
      about: prefix,
      isWatched: (name) => firewalls.get(name)?.enabled === true,
    }),
  );
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
  /** Of an address: what keeps alerts from blocking it. */
  readonly graces?: readonly unknown[];
}

async function listed(config: ReceiverConfig, limit: number, { all, url }: BlocksOptions): Promise<Found> {
  if (all === true) {
    return pages(config, { limit, of: { standing: "false" }, url });
  }
  const lifting = await pages(config, { limit, of: { lifting: "true" }, url });
  const left = limit - lifting.blocks.length;
  const standing = await pages(config, { limit: Math.max(1, left), of: { standing: "true" }, url });
  return left < 1
    ? { blocks: lifting.blocks, more: lifting.more || standing.blocks.length > 0 }
    : { blocks: [...lifting.blocks, ...standing.blocks], more: standing.more };
}

interface Wanted {
  readonly limit: number;
  /** Parameters of the query. */
  readonly of: Readonly<Record<string, string>>;
  readonly url: string | undefined;
}

async function pages(config: ReceiverConfig, { limit, of, url }: Wanted): Promise<Found> {
  const found: unknown[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({
      limit: String(Math.min(mostPerPage, limit - found.length)),
      ...of,
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
  config: ReceiverConfig,
  prefix: IpPrefix,
  limit: number,
  { all, url }: BlocksOptions,
): Promise<Found> {
  const body = await askApi(config, { method: "GET", path: `/api/v1/blocks/${prefix}`, url });
  const found = readAnswer(body, RawPage).blocks.filter(
    (block) => all === true || Dropping.safeParse(block).success,
  );
  const { graces } = readAnswer(body, RawGraces);
  return { blocks: found.slice(0, limit), more: found.length > limit, graces };
}
