import type { ExtractConfig } from "../config/config.ts";
import type { Alert, Row, Sighting } from "../domain/alert.ts";
import { type IpAddress, parseIpAddress } from "../domain/ip-address.ts";
import { addressesIn } from "./addresses-in.ts";
import { createFieldRoles, type FieldRole } from "./field-roles.ts";

/** One field in which an address stood. */
interface Place {
  readonly field: string;
  readonly rank: number;
}

interface Seen {
  count: number;
  rank: number;
  readonly fields: Set<string>;
}

type RolesOf = (field: string) => FieldRole;

const otherRank = Number.MAX_SAFE_INTEGER;
const longestAddress = 45;
const longestCount = 300;

const rolesOfConfig = new WeakMap<ExtractConfig, RolesOf>();

/**
 * The addresses that an alert names, from the most telling field first, private and reserved ones included.
 * Its rows' counts add up. A row that names several addresses counts for each, because nothing says how they share it;
 * an address in several fields of one row counts once.
 */
export function extractSightings({ rows }: Pick<Alert, "rows">, config: ExtractConfig): readonly Sighting[] {
  const roleOf = rolesOf(config);
  const seen = new Map<IpAddress, Seen>();
  for (const row of rows) {
    const places = placesIn(row, roleOf);
    const count = places.size === 0 ? 1 : countOf(row, roleOf);
    for (const [ip, found] of places) {
      note(seen, ip, found, count);
    }
  }
  return [...seen]
    .toSorted(([, a], [, b]) => a.rank - b.rank)
    .map(([ip, { count, fields }]) => ({ ip, count, fields: [...fields] }));
}

function rolesOf(config: ExtractConfig): RolesOf {
  const known = rolesOfConfig.get(config);
  if (known !== undefined) {
    return known;
  }
  const roles = createFieldRoles(config);
  rolesOfConfig.set(config, roles);
  return roles;
}

function placesIn(row: Row, roleOf: RolesOf): ReadonlyMap<IpAddress, Place[]> {
  const places = new Map<IpAddress, Place[]>();
  for (const [field, values] of row) {
    const role = roleOf(field);
    const rank = role.kind === "address" ? role.rank : otherRank;
    for (const ip of addressesOf(values, role)) {
      const known = places.get(ip);
      if (known === undefined) {
        places.set(ip, [{ field, rank }]);
      } else {
        known.push({ field, rank });
      }
    }
  }
  return places;
}

function addressesOf(values: readonly string[], role: FieldRole): readonly IpAddress[] {
  if (role.kind === "address") {
    return values.flatMap(addressesIn);
  }
  return role.kind === "other" ? values.flatMap((value) => wholeAddress(value) ?? []) : [];
}

function wholeAddress(value: string): IpAddress | undefined {
  return value.length <= longestAddress ? parseIpAddress(value.trim()) : undefined;
}

function note(seen: Map<IpAddress, Seen>, ip: IpAddress, places: readonly Place[], count: number): void {
  const known = seen.get(ip) ?? { count: 0, rank: otherRank, fields: new Set<string>() };
  known.count = Math.min(Number.MAX_SAFE_INTEGER, known.count + count);
  for (const { field, rank } of places.toSorted((a, b) => a.rank - b.rank)) {
    known.rank = Math.min(known.rank, rank);
    known.fields.add(field);
  }
  seen.set(ip, known);
}

/** The number of events from the row's first field that holds one, at least 1. */
function countOf(row: Row, roleOf: RolesOf): number {
  let best = { rank: otherRank, count: 1 };
  for (const [field, values] of row) {
    const role = roleOf(field);
    const count = role.kind === "count" && role.rank < best.rank ? readCount(values) : undefined;
    if (role.kind === "count" && count !== undefined) {
      best = { rank: role.rank, count };
    }
  }
  return best.count;
}

function readCount(values: readonly string[]): number | undefined {
  const text = values.find((value) => value.length <= longestCount && /^\s*\d+(?:\.\d*)?\s*$/.test(value));
  return text === undefined
    ? undefined
    : Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.floor(Number(text))));
}
