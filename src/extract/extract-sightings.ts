import type { ExtractConfig } from "../config/config.ts";
import type { Alert, Row, Sighting } from "../domain/alert.ts";
import { type IpAddress, parseIpAddress } from "../domain/ip-address.ts";
import { type Severity, worse } from "../domain/severity.ts";
import { addressesIn } from "./addresses-in.ts";
import { createFieldRoles, type FieldRole } from "./field-roles.ts";
import { readSeverity } from "./read-severity.ts";

/** One field in which an address stood. */
interface Place {
  readonly field: string;
  readonly rank: number;
}

/** What a row says of every address that it names. */
interface Said {
  readonly count: number;
  readonly severity: Severity | null;
}

interface Seen {
  count: number;
  severity: Severity | null;
  rank: number;
  readonly fields: Set<string>;
}

type RolesOf = (field: string) => FieldRole;

const otherRank = Number.MAX_SAFE_INTEGER;
const longestAddress = 45;
const longestCount = 300;

/** Of one address in one alert: nobody counts further, and sums over very many alerts stay exact. */
const mostEvents = 1_000_000_000;

const rolesOfConfig = new WeakMap<ExtractConfig, RolesOf>();

/**
 * The addresses that an alert names, from the most telling field first, private and reserved ones included.
 * Its rows' counts add up. A row that names several addresses counts for each, because nothing says how they share it;
 * an address in several fields of one row counts once. An address is as severe as the worst row that names it.
 */
export function extractSightings({ rows }: Pick<Alert, "rows">, config: ExtractConfig): readonly Sighting[] {
  const roleOf = rolesOf(config);
  const seen = new Map<IpAddress, Seen>();
  for (const row of rows) {
    const places = placesIn(row, roleOf);
    if (places.size > 0) {
      const said = { count: countOf(row, roleOf), severity: severityOf(row, roleOf) };
      for (const [ip, found] of places) {
        note(seen, ip, found, said);
      }
    }
  }
  return [...seen]
    .toSorted(([, a], [, b]) => a.rank - b.rank)
    .map(([ip, { count, fields, severity }]) => ({ ip, count, fields: [...fields], severity }));
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
    for (const value of values) {
      for (const ip of addressesOf(value, role)) {
        addPlace(places, ip, { field, rank });
      }
    }
  }
  return places;
}

function addPlace(places: Map<IpAddress, Place[]>, ip: IpAddress, place: Place): void {
  const known = places.get(ip);
  if (known === undefined) {
    places.set(ip, [place]);
  } else {
    known.push(place);
  }
}

const none: readonly IpAddress[] = [];

function addressesOf(value: string, role: FieldRole): readonly IpAddress[] {
  if (role.kind === "address") {
    return addressesIn(value);
  }
  const ip = role.kind === "other" ? wholeAddress(value) : undefined;
  return ip === undefined ? none : [ip];
}

/** Nearly no text is one, so that it matters how soon that shows. */
function wholeAddress(value: string): IpAddress | undefined {
  return value.length <= longestAddress && /[.:]/.test(value) ? parseIpAddress(value.trim()) : undefined;
}

function note(seen: Map<IpAddress, Seen>, ip: IpAddress, places: readonly Place[], said: Said): void {
  const known = seen.get(ip) ?? { count: 0, severity: null, rank: otherRank, fields: new Set<string>() };
  known.count = Math.min(mostEvents, known.count + said.count);
  known.severity = worstOf(known.severity, said.severity);
  const inOrder = places.length === 1 ? places : places.toSorted((a, b) => a.rank - b.rank);
  for (const { field, rank } of inOrder) {
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
  return text === undefined ? undefined : Math.min(mostEvents, Math.max(1, Math.floor(Number(text))));
}

/** The worst that the row's fields say; null when none says anything. */
function severityOf(row: Row, roleOf: RolesOf): Severity | null {
  let worst: Severity | null = null;
  for (const [field, values] of row) {
    if (roleOf(field).kind === "severity") {
      worst = values.map(readSeverity).reduce(worstOf, worst);
    }
  }
  return worst;
}

function worstOf(a: Severity | null, b: Severity | null): Severity | null {
  if (a === null || b === null) {
    return a ?? b;
  }
  return worse(a, b);
}
