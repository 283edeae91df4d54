import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { askPages } from "./ask-pages.ts";
import { BlockAnswer, GraceAnswer } from "./block-answer.ts";
import { askFirewalls, type FirewallAnswer } from "./firewall-answer.ts";
import type { ExitCode, Host } from "./host.ts";
import { readLimit } from "./read-limit.ts";
import { readNetwork } from "./read-network.ts";
import { readReceiver } from "./read-receiver.ts";
import { writeBlocks } from "./write-blocks.ts";

export interface BlocksOptions extends AskOptions {
  /** Also those that do not stand any more. */
  readonly all?: true;
  /** Digits. */
  readonly limit?: string;
}

const RawAnswer = z.object({
  blocks: z.array(z.unknown()),
  graces: z.array(z.unknown()),
  protected: z.string().nullable(),
});
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
  const prefix = address === undefined ? null : readNetwork(address);
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
      protectedBy: readAnswer(found.protected ?? null, Shown.nullable()),
      about: prefix,
      isWatched: (name) => firewalls.get(name)?.enabled === true,
    }),
  );
  return 0;
}

interface Found {
  readonly blocks: readonly unknown[];
  /** There are more than the limit. */
  readonly more: boolean;
  /** Of an address: what keeps alerts from blocking it. */
  readonly graces?: readonly unknown[];
  /** Of an address: what keeps everybody from blocking it. */
  readonly protected?: unknown;
}

async function listed(config: ReceiverConfig, limit: number, { all, url }: BlocksOptions): Promise<Found> {
  const pages = async (of: "lifting" | "standing", isWanted: boolean, most: number): Promise<Found> => {
    const query = { [of]: String(isWanted) };
    const wanted = { path: "/api/v1/blocks", key: "blocks", query, limit: most, url };
    const { items, more } = await askPages(config, wanted);
    return { blocks: items, more };
  };
  if (all === true) {
    return pages("standing", false, limit);
  }
  const lifting = await pages("lifting", true, limit);
  const left = limit - lifting.blocks.length;
  const standing = await pages("standing", true, Math.max(1, left));
  return left < 1
    ? { blocks: lifting.blocks, more: lifting.more || standing.blocks.length > 0 }
    : { blocks: [...lifting.blocks, ...standing.blocks], more: standing.more };
}

async function covering(
  config: ReceiverConfig,
  prefix: IpPrefix,
  limit: number,
  { all, url }: BlocksOptions,
): Promise<Found> {
  const body = await askApi(config, { method: "GET", path: `/api/v1/blocks/${prefix}`, url });
  const { blocks, graces, protected: reason } = readAnswer(body, RawAnswer);
  const found = blocks.filter((block) => all === true || Dropping.safeParse(block).success);
  return { blocks: found.slice(0, limit), more: found.length > limit, graces, protected: reason };
}
