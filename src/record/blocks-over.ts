import type { Block } from "../domain/block.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { AddressFacts, FactsWanted } from "../ports.ts";
import { type Engine, isOneOf } from "./engine.ts";
import { lengthsIn, networksAround } from "./networks-around.ts";
import { offencesOf } from "./offences.ts";
import { blockColumns, readBlocks } from "./read-blocks.ts";
import type { ReadRows } from "./read-rows.ts";

/** What blocks tell about one address. */
interface BlocksOver {
  /** That stands and counts in this mode: one for all groups goes before others, then the one that ends last. */
  readonly block: Block | null;
  readonly offences: AddressFacts["offences"];
}

/**
 * Of each address that a block covers or has covered. In mode `observe` one that is in force settles it as well: who is dropped already
 * need not be looked at. Offences are those of the mode alone.
 */
export async function blocksOver(
  engine: Engine,
  readRows: ReadRows,
  ips: readonly IpAddress[],
  { mode, now }: Pick<FactsWanted, "mode" | "now">,
): Promise<ReadonlyMap<IpAddress, BlocksOver>> {
  const around = networksAround(ips, await lengthsIn(engine.reader, "blocks"));
  if (around.size === 0) {
    return new Map();
  }
  const rows = await engine.reader
    .selectFrom("blocks")
    .select([...blockColumns, "ended_at"])
    .where(isOneOf(engine, "prefix", [...around.keys()]))
    .$if(mode === "enforce", (query) => query.where("mode", "=", mode))
    .where("lifted_by", "is", null)
    .execute();
  const byAddress = new Map<IpAddress, (typeof rows)[number][]>();
  for (const row of rows) {
    for (const ip of around.get(row.prefix) ?? []) {
      const known = byAddress.get(ip);
      if (known === undefined) {
        byAddress.set(ip, [row]);
      } else {
        known.push(row);
      }
    }
  }
  const nowMs = now.getTime();
  return new Map(
    [...byAddress].map(([ip, blocks]) => {
      const standing = blocks
        .filter(({ ended_at, expires_at }) => ended_at === null && expires_at > nowMs)
        .sort((a, b) => Number(a.groups !== null) - Number(b.groups !== null) || b.expires_at - a.expires_at);
      const [block = null] = readBlocks(readRows, standing);
      return [
        ip,
        {
          block,
          offences: offencesOf(
            blocks.filter((block) => block.mode === mode),
            nowMs,
          ),
        },
      ];
    }),
  );
}
