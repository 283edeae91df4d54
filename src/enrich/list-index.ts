import type { IpAddress, IpPrefix } from "../domain/ip-address.ts";
import { createNetworkIndex, rangeOf } from "../domain/network-index.ts";
import type { PrefixListRecord, PrefixListSource } from "../ports.ts";

/** An address is in this network of this list. */
export interface Listing {
  readonly list: string;
  readonly version: string;
  readonly prefix: IpPrefix;
  readonly note: string;
  /** When the list was last known to be the newest. */
  readonly checkedAt: Date;
  /** Until then it may be used. */
  readonly usableUntil: Date;
}

/** Where an address is listed, one per list; lists that are too old have nothing to say. */
export type ListIndex = (ip: IpAddress, now: Date) => readonly Listing[];

/** The last moment that a date can name: a list that is never too old is used until then. */
const lastMs = 8_640_000_000_000_000;

/** An index over the lists that these sources keep. One look-up takes microseconds, however long the lists are. */
export function createListIndex(
  records: readonly PrefixListRecord[],
  sources: readonly Pick<PrefixListSource, "name" | "usableSeconds">[],
): ListIndex {
  const lists = records.flatMap((record) => {
    const source = sources.find(({ name }) => name === record.name);
    return source === undefined ? [] : [indexOne(record, source.usableSeconds)];
  });
  return (ip, now) => {
    const range = rangeOf(ip);
    return lists.flatMap(({ find, about }) => {
      const network = about.usableUntil > now ? find(range) : undefined;
      return network === undefined ? [] : [{ ...about, prefix: network.prefix, note: network.why }];
    });
  };
}

function indexOne({ name, version, networks, checkedAt }: PrefixListRecord, usableSeconds: number) {
  const usableUntil = new Date(Math.min(lastMs, checkedAt.getTime() + usableSeconds * 1000));
  return {
    find: createNetworkIndex(networks.map(({ prefix, note }) => ({ prefix, why: note }))),
    about: { list: name, version, checkedAt, usableUntil },
  };
}
