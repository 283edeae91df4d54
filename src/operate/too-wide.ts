import { familyOf, type IpPrefix, lengthOf } from "../domain/ip-address.ts";

const shortestLength = { 4: 24, 6: 48 } as const;

/** Why a network is too wide to be blocked, as a sentence, or null: protection and every firewall's host refuse it anyhow. */
export function tooWideToBlock(prefix: IpPrefix): string | null {
  return tooWide(prefix, "blocked");
}

/**
 * Why a network is too wide to be let out, as a sentence, or null. Nothing wider is ever blocked, and a grace on half of the
 * Internet would switch blocking off.
 */
export function tooWideToLift(prefix: IpPrefix): string | null {
  return tooWide(prefix, "unblocked");
}

/** What only an administrator lets out for good, and says so. */
const widestAllowed = { 4: 16, 6: 32 } as const;

/** True for a network that would take very many addresses out of reach of any block. */
export function isWideToAllow(prefix: IpPrefix): boolean {
  return lengthOf(prefix) < widestAllowed[familyOf(prefix)];
}

function tooWide(prefix: IpPrefix, done: "blocked" | "unblocked"): string | null {
  const shortest = shortestLength[familyOf(prefix)];
  return lengthOf(prefix) >= shortest
    ? null
    : `${prefix} is too wide: networks up to /24 (IPv4) and /48 (IPv6) can be ${done}, so name smaller ones.`;
}
