import { familyOf, type IpPrefix, lengthOf } from "../domain/ip-address.ts";

const shortestLength = { 4: 24, 6: 48 } as const;

/**
 * Why a network is too wide to be let out, as a sentence, or null. Nothing wider is ever blocked, and a grace on half of the
 * Internet would switch blocking off.
 */
export function tooWideToLift(prefix: IpPrefix): string | null {
  const shortest = shortestLength[familyOf(prefix)];
  return lengthOf(prefix) >= shortest
    ? null
    : `${prefix} is too wide: networks up to /24 (IPv4) and /48 (IPv6) can be unblocked, so name smaller ones.`;
}
