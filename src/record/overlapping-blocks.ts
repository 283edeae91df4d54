import type { Block } from "../domain/block.ts";
import { familyOf, type IpPrefix, lengthOf, parseIpPrefix } from "../domain/ip-address.ts";
import {
  createNetworkIndex,
  type NamedNetwork,
  type NetworkIndex,
  rangeOf,
} from "../domain/network-index.ts";
import { GroupsText } from "./columns.ts";
import { coveringPrefixes } from "./covering-prefixes.ts";
import { type Engine, inChunks, isOneOf, nextTurn, type Queries } from "./engine.ts";
import { blockColumns, readBlocks } from "./read-blocks.ts";
import type { ReadRows } from "./read-rows.ts";
import { networkColumnOf } from "./related-networks.ts";

/** Up to so many networks are looked for one by one: each has up to 129 that hold it. */
const mostOneByOne = 200;

/** Blocks per query. SQLite answers synchronously, in about 2 ms. */
const pageRows = { sqlite: 1000, postgres: 20_000 } as const;

/** Blocks read by their ids at a time; about 10 ms. */
const chunkIds = 2000;

/** Where blocks are read. */
export interface BlockReads {
  readonly engine: Engine;
  readonly db: Queries;
  readonly readRows: ReadRows;
}

/** A block with the network that it shares an address with; of several nested ones, the widest. */
export interface OverlappingBlock {
  readonly block: Block;
  readonly network: NamedNetwork;
}

/**
 * Standing blocks of any mode that share an address with one of these networks, newest first. Few networks of at most a /24 or /64
 * are looked for by indexes; otherwise it goes through all blocks that stand, and lets others work in between.
 */
export async function findOverlapping(
  reads: BlockReads,
  networks: readonly NamedNetwork[],
  now: Date,
): Promise<readonly OverlappingBlock[]> {
  if (networks.length === 0) {
    return [];
  }
  const index = createNetworkIndex(networks);
  const areFew = networks.length <= mostOneByOne && !networks.some(({ prefix }) => isWide(prefix));
  const ids = areFew ? await nearIds(reads, networks, now) : await overlappingIds(reads, index, now);
  const overlapping: OverlappingBlock[] = [];
  await inChunks(await standingAmong(reads, ids, now), chunkIds, (blocks) => {
    for (const block of blocks) {
      const network = index(rangeOf(block.prefix));
      if (network !== undefined) {
        overlapping.push({ block, network });
      }
    }
  });
  return overlapping;
}

function isWide(network: IpPrefix): boolean {
  return lengthOf(network) < (familyOf(network) === 4 ? 24 : 64);
}

/** Those that hold one of these networks, and all in their neighbourhoods. */
async function nearIds(
  { engine, db }: BlockReads,
  networks: readonly NamedNetwork[],
  now: Date,
): Promise<readonly string[]> {
  const wanted = {
    prefix: networks.flatMap(({ prefix }) => coveringPrefixes(prefix)),
    network: networks.map(({ prefix }) => networkColumnOf(prefix)),
  };
  const ids = new Set<string>();
  // One after the other: joined by `or`, an engine that has no statistics would read all blocks.
  for (const column of ["prefix", "network"] as const) {
    const rows = await db
      .selectFrom("blocks")
      .select("id")
      .where(isOneOf(engine, column, [...new Set(wanted[column])]))
      .where("ended_at", "is", null)
      .where("expires_at", ">", now.getTime())
      .execute();
    for (const { id } of rows) {
      ids.add(id);
    }
  }
  return [...ids];
}

/** In the order in which they end, so that blocks which come and go meanwhile shift nothing. */
async function overlappingIds(
  { engine, db }: BlockReads,
  index: NetworkIndex,
  now: Date,
): Promise<readonly string[]> {
  const ids: string[] = [];
  let last = { expires_at: now.getTime() + 1, id: "" };
  for (;;) {
    const page = await db
      .selectFrom("blocks")
      .select(["id", "prefix", "expires_at"])
      .where("ended_at", "is", null)
      .where((eb) => eb(eb.refTuple("expires_at", "id"), ">", eb.tuple(last.expires_at, last.id)))
      .orderBy("expires_at")
      .orderBy("id")
      .limit(pageRows[engine.kind])
      .execute();
    for (const { id, prefix: text } of page) {
      const prefix = parseIpPrefix(text);
      if (prefix !== undefined && index(rangeOf(prefix)) !== undefined) {
        ids.push(id);
      }
    }
    const end = page.at(-1);
    if (end === undefined || page.length < pageRows[engine.kind]) {
      return ids;
    }
    last = end;
    await nextTurn();
  }
}

/** Which of these blocks stand, newest first. One whose groups can't be read is for all: what is to be lifted is taken off everywhere. */
export async function standingAmong(
  { engine, db, readRows }: BlockReads,
  ids: readonly string[],
  now: Date,
): Promise<readonly Block[]> {
  const found: Block[] = [];
  await inChunks(ids, chunkIds, async (chunk) => {
    const rows = await db
      .selectFrom("blocks")
      .select(blockColumns)
      .where(isOneOf(engine, "id", chunk))
      .where("ended_at", "is", null)
      .where("expires_at", ">", now.getTime())
      .execute();
    const legible = rows.map((row) =>
      row.groups === null || GroupsText.safeParse(row.groups).success ? row : { ...row, groups: null },
    );
    found.push(...readBlocks(readRows, legible));
  });
  // Sorted here: to spare itself the sorting, an engine would read all blocks in the order of their beginning.
  return found.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
}
