import type { Block } from "../domain/block.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { BlockDrops, Drops } from "../ports.ts";

/** What the kernel has counted and is not on record yet. `recorded` is brought up to date. */
export function dropNews(
  blocks: readonly Block[],
  drops: ReadonlyMap<IpPrefix, Drops>,
  recorded: Map<IpPrefix, number>,
): readonly BlockDrops[] {
  for (const prefix of recorded.keys()) {
    if (!drops.has(prefix)) {
      recorded.delete(prefix);
    }
  }
  if (drops.size === 0) {
    return [];
  }
  const news: BlockDrops[] = [];
  for (const { id, prefix } of blocks) {
    const counted = drops.get(prefix);
    if (counted !== undefined && recorded.get(prefix) !== counted.packets) {
      recorded.set(prefix, counted.packets);
      news.push({ blockId: id, ...counted });
    }
  }
  return news;
}
