import ipaddr from "ipaddr.js";
import type { IpAddress } from "../domain/ip-address.ts";

/** Every network that holds the address, in canonical text, longest first: 33 for IPv4, 129 for IPv6. */
export function coveringPrefixes(ip: IpAddress): readonly string[] {
  const bytes = ipaddr.parse(ip).toByteArray();
  const prefixes: string[] = [];
  for (let length = bytes.length * 8; length > 0; length -= 1) {
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
