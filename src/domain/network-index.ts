import { familyOf, type IpAddress, type IpPrefix, lengthOf, networkOf } from "./ip-address.ts";

/** The first and last address of a network as numbers. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** A network that some other network or address may share addresses with. */
export interface NamedNetwork {
  readonly prefix: IpPrefix;
  readonly why: string;
}

/** Finds a network that shares an address with `range`; of several nested ones, the widest. */
export type NetworkIndex = (range: AddressRange) => NamedNetwork | undefined;

interface Entry extends AddressRange {
  readonly network: NamedNetwork;
}

/** An index over the networks. One look-up takes a few comparisons, however many there are. */
export function createNetworkIndex(networks: readonly NamedNetwork[]): NetworkIndex {
  const entries = networks.map((network): Entry => ({ ...rangeOf(network.prefix), network }));
  const outermost = { 4: outermostOf(entries, 4), 6: outermostOf(entries, 6) };
  return (range) => {
    const candidate = lastStartingUpTo(outermost[range.family], range.last);
    return candidate !== undefined && candidate.last >= range.first ? candidate.network : undefined;
  };
}

/** The addresses of a network, or the one address. */
export function rangeOf(prefix: IpPrefix | IpAddress): AddressRange {
  const family = familyOf(prefix);
  const hasLength = isPrefix(prefix);
  const bits = family === 4 ? 32 : 128;
  const hostBits = BigInt(hasLength ? bits - lengthOf(prefix) : 0);
  const first = numberOf(hasLength ? networkOf(prefix) : prefix, family);
  return { family, first, last: first | ((1n << hostBits) - 1n) };
}

/** True for a network, false for an address alone. */
export function isPrefix(prefix: IpPrefix | IpAddress): prefix is IpPrefix {
  return prefix.includes("/");
}

/** Two networks are either nested or apart, so that those in no other one lie side by side, sorted. */
function outermostOf(entries: readonly Entry[], family: 4 | 6): readonly Entry[] {
  const sorted = entries
    .filter((entry) => entry.family === family)
    .toSorted((a, b) => compare(a.first, b.first) || compare(b.last, a.last));
  const outermost: Entry[] = [];
  for (const entry of sorted) {
    const previous = outermost.at(-1);
    if (previous === undefined || entry.last > previous.last) {
      outermost.push(entry);
    }
  }
  return outermost;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}

function lastStartingUpTo(entries: readonly Entry[], limit: bigint): Entry | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && entry.first <= limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return entries[low - 1];
}

function numberOf(address: IpAddress, family: 4 | 6): bigint {
  if (family === 4) {
    return BigInt(address.split(".").reduce((number, part) => number * 256 + Number(part), 0));
  }
  // Canonical text has at most one `::` and no dotted part.
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
  return BigInt(`0x${groups.map((group) => group.padStart(4, "0")).join("")}`);
}
