import ipaddr from "ipaddr.js";
import { type IpPrefix, lengthOf, networkOf } from "../domain/ip-address.ts";

/** The network and every wider one that holds it, in canonical text, longest first: up to 33 for IPv4, 129 for IPv6. */
export function coveringPrefixes(prefix: IpPrefix): readonly string[] {
  const bytes = ipaddr.parse(networkOf(prefix)).toByteArray();
  const prefixes: string[] = [];
  for (let length = lengthOf(prefix); length > 0; length -= 1) {
    prefixes.push(`${ipaddr.fromByteArray(bytes).toString()}/${length}`);
    clearBit(bytes, length - 1);
  }
  prefixes.push(`${ipaddr.fromByteArray(bytes).toString()}/0`);
  return prefixes;
}

function clearBit(bytes: number[], bit: number): void {
  const index = bit >> 3;
  bytes[index] = (bytes[index] ?? 0) & ~(0x80 >> (bit & 7));
}
