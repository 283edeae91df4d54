import type { IpAddress } from "./ip-address.ts";

/**
 * What speaks against blocking an address, although it may have done harm: many innocent people or a service that is needed
 * stand behind it, or it is known to scan for research.
 */
export const hints = [
  "cdn",
  "search-engine",
  "whitelisted",
  "business-service",
  "research-scanner",
  "mobile",
  "tor",
] as const;
export type Hint = (typeof hints)[number];

/** What one provider knows about one address. */
export interface Evidence {
  /** What rules compare, by name: `{ malicious: 8, suspicious: 1 }`. A number the provider did not send is absent, never 0. */
  readonly numbers: Readonly<Record<string, number>>;
  /** When something happened, by name: `{ reported: … }`. Rules ask how long ago. */
  readonly times: Readonly<Record<string, Date>>;
  readonly hints: readonly Hint[];
  /** The number of the network's owner; null when the provider does not say. */
  readonly asn: number | null;
  /** What people read, in order: `["Network", "203.0.113.0/24"]`. Text from outside: escape it. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** The provider's page about the address. */
  readonly link: string;
  /**
   * It came from a list or from a look-up of a whole network: a number that is absent may be there when the address itself is
   * asked about.
   */
  readonly isPartial?: true;
  /**
   * It came from a look-up of a whole network, which tells no hints and looks less far back: it can clear an address and bring it to a
   * person, but not block it. Such evidence is partial too.
   */
  readonly isFromNetwork?: true;
}

interface About {
  readonly provider: string;
  readonly ip: IpAddress;
  readonly foundAt: Date;
  /** Until then it is used without asking again; for a failure: until then asking again is of no use. */
  readonly expiresAt: Date;
}

/**
 * What one provider says about one address. `unknown` and `failed` can neither confirm nor clear. `isStale`: it has expired, and is
 * used because the provider can't be asked and the policy allows it.
 */
export type Finding =
  | (About & { readonly status: "known"; readonly evidence: Evidence; readonly isStale?: true })
  | (About & { readonly status: "unknown"; readonly reason: string; readonly isStale?: true })
  | (About & {
      readonly status: "failed";
      readonly reason: string;
      /** How often in a row; absent: once. */
      readonly tries?: number;
    });

/** After so many failures in a row about the same address nobody waits for the provider any more. */
const mostTries = 3;

/** Clocks of those who share a store may differ by so much. */
const clockDifferenceMs = 5 * 60_000;

/** How often in a row the provider has failed about this address. */
export function triesOf(finding: Finding | undefined): number {
  return finding?.status === "failed" ? (finding.tries ?? 1) : 0;
}

/** Whether it can't be used any more. One from the future was kept before the clock was put right: nobody knows how old it is. */
export function isExpired(
  { expiresAt, foundAt }: Pick<Finding, "expiresAt" | "foundAt">,
  now: Date,
): boolean {
  return expiresAt <= now || foundAt.getTime() > now.getTime() + clockDifferenceMs;
}

/** Whether the provider has failed so often about this address that it counts as one that can't be asked. */
export function isFinalFailure(finding: Finding, now: Date): boolean {
  return triesOf(finding) >= mostTries && !isExpired(finding, now);
}
