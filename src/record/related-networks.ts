import { type RawBuilder, sql } from "kysely";
import { familyOf, type IpPrefix, lengthOf, neighbourhoodOf, networkOf } from "../domain/ip-address.ts";
import { coveringPrefixes } from "./covering-prefixes.ts";
import { type Engine, isOneOf } from "./engine.ts";

/** The value of a `network` column: the /24 or /64 around the first address. */
export function networkColumnOf(prefix: IpPrefix): IpPrefix {
  return neighbourhoodOf(networkOf(prefix));
}

/** True for rows whose `prefix` covers this network. */
export function covers(engine: Engine, prefix: IpPrefix): RawBuilder<boolean> {
  return isOneOf(engine, "prefix", coveringPrefixes(prefix));
}

/**
 * True for every row whose `prefix` shares an address with this network, and for some that do not: the caller looks at each.
 * Goes by indexes unless the network is wider than what the `network` column holds.
 */
export function mayOverlap(engine: Engine, prefix: IpPrefix): RawBuilder<boolean> {
  return isWide(prefix)
    ? sql<boolean>`true`
    : sql<boolean>`(${covers(engine, prefix)} or network = ${networkColumnOf(prefix)})`;
}

/** True for every row of a single address that lies in this network, and for some that do not, by its `network` column where that can tell. */
export function mayLieIn(prefix: IpPrefix): RawBuilder<boolean> {
  return isWide(prefix) ? sql<boolean>`true` : sql<boolean>`network = ${networkColumnOf(prefix)}`;
}

function isWide(prefix: IpPrefix): boolean {
  return lengthOf(prefix) < (familyOf(prefix) === 4 ? 24 : 64);
}
