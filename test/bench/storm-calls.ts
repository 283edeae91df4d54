import { neighbourhoodOf } from "../../src/domain/ip-address.ts";
import type { StandIn } from "../fakes/intel-stand-in.ts";
import { ip as address } from "../fakes/samples.ts";
import { protectedAddresses } from "./storm-world.ts";

/** One call that a stand-in has got. */
export interface Call {
  readonly at: number;
  /** An address, or a network of AbuseIPDB. */
  readonly about: string;
}

/** In their order. */
export function callsOf({ requests, times }: Pick<StandIn, "requests" | "times">): readonly Call[] {
  return requests.flatMap((request, n) => {
    const url = new URL(request, "http://stand-in");
    const [, ip] = /\/ip_addresses\/([^/]+)$/.exec(url.pathname) ?? [];
    const about = ip ?? url.searchParams.get("ipAddress") ?? url.searchParams.get("network");
    return about === null ? [] : [{ at: times[n]?.getTime() ?? 0, about: decodeURIComponent(about) }];
  });
}

export interface Waste {
  readonly aboutProtected: number;
  readonly aboutBlocked: number;
  /** A second time while the first answer still counted, alone or by its network. */
  readonly aboutKnown: number;
  /** Calls about one address at most. */
  readonly mostPerAddress: number;
}

/** Unknown findings are kept for an hour, the shortest. */
const keptMs = 3_600_000;

/** @param blockedAt by address; @param flightMs a call that came so much later may have been begun before */
export function wasteOf(
  calls: readonly Call[],
  blockedAt: ReadonlyMap<string, number>,
  flightMs: number,
): Waste {
  const isKnown = ({ about, at }: Call, n: number): boolean =>
    calls
      .slice(0, n)
      .some(
        (before) =>
          before.at > at - keptMs &&
          (before.about === about || (isIn(about, before.about) && before.at < at - flightMs)),
      );
  const perAddress = Map.groupBy(calls, ({ about }) => about);
  return {
    aboutProtected: calls.filter(({ about }) => protectedAddresses.includes(about)).length,
    aboutBlocked: calls.filter(({ about, at }) => (blockedAt.get(about) ?? Infinity) < at - flightMs).length,
    aboutKnown: calls.filter(isKnown).length,
    mostPerAddress: Math.max(0, ...[...perAddress.values()].map(({ length }) => length)),
  };
}

function isIn(about: string, network: string): boolean {
  return network.includes("/") && !about.includes("/") && neighbourhoodOf(address(about)) === network;
}

/** Where in the row of calls each of these was first asked about, from 1. */
export function placesOf(calls: readonly Call[], wanted: readonly string[]): readonly number[] {
  const places = new Map<string, number>();
  calls.forEach(({ about }, n) => {
    if (!places.has(about)) {
      places.set(about, n + 1);
    }
  });
  return wanted.flatMap((ip) => {
    const known = [places.get(ip), places.get(neighbourhoodOf(address(ip)))].filter(
      (place) => place !== undefined,
    );
    return known.length === 0 ? [] : [Math.min(...known)];
  });
}

/** The middle and the 95th percentile. */
export function figuresOf(values: readonly number[]): { readonly median: number; readonly p95: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { median: at(0.5), p95: at(0.95) };
}
