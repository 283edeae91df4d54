import { type Block, forever } from "../domain/block.ts";
import { type IpAddress, type IpPrefix, prefixOf } from "../domain/ip-address.ts";
import { utc } from "./words.ts";

/** Null for a hold. */
type Blocked = Pick<Block, "prefix"> | null;

/** The network, when more than the address itself is blocked; null otherwise. */
export function widerNetwork(ip: IpAddress, block: Blocked): IpPrefix | null {
  return block === null || block.prefix === prefixOf(ip) ? null : block.prefix;
}

/** What a decision blocks: the address, or `203.0.113.0/24, which holds 203.0.113.45`. */
export function blockedWords(ip: IpAddress, block: Blocked): string {
  const network = widerNetwork(ip, block);
  return network === null ? ip : `${network}, which holds ${ip}`;
}

/** The same before a verb. */
export function blockedSubject(ip: IpAddress, block: Blocked): string {
  return `${blockedWords(ip, block)}${widerNetwork(ip, block) === null ? "" : ","}`;
}

/** `until 2026-11-21 13:00:00 UTC`, or `until somebody lifts it`. */
export function untilWords(expiresAt: Date): string {
  return `until ${isForever(expiresAt) ? "somebody lifts it" : utc(expiresAt)}`;
}

export function isForever(expiresAt: Date): boolean {
  return expiresAt.getTime() >= forever.getTime();
}
