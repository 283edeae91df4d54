import {
  familyOf,
  type IpAddress,
  type IpPrefix,
  lengthOf,
  neighbourhoodOf,
  prefixOf,
} from "../domain/ip-address.ts";
import type { Aggregate } from "../domain/policy.ts";
import type { Neighbours } from "../ports.ts";
import type { Protection } from "./protection.ts";

export interface BlockNetwork {
  readonly prefix: IpPrefix;
  /** Why it is more than the address alone, as a sentence; null when it is not. */
  readonly reason: string | null;
}

export interface BlockNetworkInput {
  readonly ip: IpAddress;
  readonly aggregate: Aggregate;
  readonly neighbours: Neighbours;
  readonly protectedReason: Protection;
}

/** True when the policy may block more than this address alone: only then its neighbours have to be asked for. */
export function mayAggregate(ip: IpAddress, { ipv4Neighbours, ipv6Length }: Aggregate): boolean {
  return familyOf(ip) === 4 ? ipv4Neighbours !== null : ipv6Length < 128;
}

/**
 * What a block on this address drops: the address, or the /24 or /64 around it where the policy says so. Never a network that
 * holds a protected address or one that a person has let out.
 */
export function blockNetwork({
  ip,
  aggregate,
  neighbours,
  protectedReason,
}: BlockNetworkInput): BlockNetwork {
  const alone = { prefix: prefixOf(ip), reason: null };
  if (!mayAggregate(ip, aggregate) || neighbours.lifted) {
    return alone;
  }
  const prefix = neighbourhoodOf(ip);
  if (protectedReason(prefix) !== null) {
    return alone;
  }
  if (lengthOf(prefix) === 64) {
    return { prefix, reason: `the whole of ${prefix} is blocked: a /64 usually belongs to one customer` };
  }
  const blocked = neighbours.blocked + 1;
  return blocked >= (aggregate.ipv4Neighbours ?? Number.POSITIVE_INFINITY)
    ? { prefix, reason: `the whole of ${prefix} is blocked: ${blocked} of its addresses are attackers` }
    : alone;
}
