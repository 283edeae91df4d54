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
  /** Paid a second time, alone, or after the answer about its /24 had shown that nobody reports it. */
  readonly aboutKnown: number;
  /** Alone, after the answer about its /24 had accused it: only that tells what speaks against a block. */
  readonly afterNetwork: number;
  /** Paid calls about one address at most. */
  readonly mostPerAddress: number;
}

export interface Answers {
  readonly calls: readonly Call[];
  /** Answered calls by address; what was refused cost nothing. */
  readonly paid: ReadonlyMap<string, number>;
  /** True when the service has reports about the address. */
  readonly isReported: (about: string) => boolean;
}

/** Unknown findings are kept for an hour, the shortest. */
const keptMs = 3_600_000;

/** @param blockedAt by address; @param flightMs a call that came so much later may have been begun before */
export function wasteOf(
  { calls, paid, isReported }: Answers,
  blockedAt: ReadonlyMap<string, number>,
  flightMs: number,
): Waste {
  const followsNetwork = ({ about, at }: Call, n: number): boolean =>
    calls
      .slice(0, n)
      .some((before) => before.at > at - keptMs && isIn(about, before.about) && before.at < at - flightMs);
  const after = calls.filter(followsNetwork);
  const repeats = [...paid.values()].reduce((sum, times) => sum + times - 1, 0);
  return {
    aboutProtected: calls.filter(({ about }) => protectedAddresses.includes(about)).length,
    aboutBlocked: calls.filter(({ about, at }) => (blockedAt.get(about) ?? Infinity) < at - flightMs).length,
    aboutKnown: repeats + after.filter(({ about }) => !isReported(about)).length,
    afterNetwork: after.filter(({ about }) => isReported(about)).length,
    mostPerAddress: Math.max(0, ...paid.values()),
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
