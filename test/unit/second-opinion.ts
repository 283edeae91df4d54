import ipaddr from "ipaddr.js";

interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * Whether a network shares an address with one of these, or a 6to4 network with one of their IPv4 addresses. Made of nothing that the
 * program uses for it, and without any index.
 */
export function sharesWith(networks: readonly string[]): (network: string) => boolean {
  const ranges = { 4: rangesOf(networks, 4), 6: rangesOf(networks, 6) };
  const shares = ({ first, last }: Range, family: 4 | 6): boolean =>
    ranges[family].some((range) => range.first <= last && first <= range.last);
  return (network) => {
    const family = network.includes(":") ? 6 : 4;
    const range = rangeOf(network);
    const site = family === 6 && range.first >> 112n === 0x2002n ? embedded(range) : undefined;
    return shares(range, family) || (site !== undefined && shares(site, 4));
  };
}

function embedded({ first, last }: Range): Range {
  const cut = (address: bigint): bigint => (address >> 80n) & 0xffff_ffffn;
  return { first: cut(first), last: cut(last) };
}

function rangesOf(networks: readonly string[], family: 4 | 6): readonly Range[] {
  return networks.filter((network) => network.includes(":") === (family === 6)).map(rangeOf);
}

function rangeOf(network: string): Range {
  const [address = "", length] = network.split("/");
  const bytes = ipaddr.parse(address).toByteArray();
  const bits = bytes.length * 8;
  const number = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const size = 1n << BigInt(bits - Number(length ?? bits));
  return { first: (number / size) * size, last: (number / size) * size + size - 1n };
}
