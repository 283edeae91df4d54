import ipaddr from "ipaddr.js";
import { type RawBuilder, sql } from "kysely";
import { familyOf, type IpAddress } from "../domain/ip-address.ts";
import type { Queries } from "./engine.ts";

/** The text of a prefix from its slash on; there is an index of it. */
const lengthText = sql<string>`ltrim(prefix, '0123456789abcdef.:')`;

/**
 * Which lengths the networks of this table have: usually very few, so that an address is looked for in these alone and not in all 33 or 129
 * networks that hold it. One step in an index for each, however many rows there are.
 */
export async function lengthsIn(db: Queries, table: "blocks" | "lifts"): Promise<readonly number[]> {
  const { rows } = await lengthsQuery(table).execute(db);
  return rows.flatMap(({ length }) => {
    const bits = Number(length.slice(1));
    return length !== "" && Number.isInteger(bits) ? [bits] : [];
  });
}

function lengthsQuery(table: "blocks" | "lifts"): RawBuilder<{ readonly length: string }> {
  const from = sql.table(table);
  return sql<{ length: string }>`
    with recursive lengths(length) as (
      select * from (select ${lengthText} as length from ${from} order by ${lengthText} limit 1) as first
      union all
      select (select ${lengthText} from ${from} where ${lengthText} > lengths.length order by ${lengthText} limit 1)
      from lengths where lengths.length is not null)
    select length from lengths where length is not null`;
}

/** The networks of these lengths that hold one of the addresses, in canonical text, each with the addresses that it holds. */
export function networksAround(
  ips: readonly IpAddress[],
  lengths: readonly number[],
): ReadonlyMap<string, readonly IpAddress[]> {
  const around = new Map<string, IpAddress[]>();
  for (const ip of ips) {
    for (const network of familyOf(ip) === 4 ? networksOfV4(ip, lengths) : networksOfV6(ip, lengths)) {
      const inside = around.get(network);
      if (inside === undefined) {
        around.set(network, [ip]);
      } else {
        inside.push(ip);
      }
    }
  }
  return around;
}

function networksOfV4(ip: IpAddress, lengths: readonly number[]): readonly string[] {
  const number = ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return lengths
    .filter((length) => length <= 32)
    .map((length) => {
      if (length === 32) {
        return `${ip}/32`;
      }
      const first = length === 0 ? 0 : (number & (-1 << (32 - length))) >>> 0;
      return `${first >>> 24}.${(first >>> 16) & 255}.${(first >>> 8) & 255}.${first & 255}/${length}`;
    });
}

function networksOfV6(ip: IpAddress, lengths: readonly number[]): readonly string[] {
  const bytes = ipaddr.parse(ip).toByteArray();
  return lengths
    .filter((length) => length <= 128)
    .map((length) => {
      const first = bytes.map(
        (byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, length - index * 8))),
      );
      return `${ipaddr.fromByteArray(first).toString()}/${length}`;
    });
}
