import type { Evidence, Finding } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";

/** How long a finding is used again, in seconds, by what it says. */
export interface FindingLifetimes {
  readonly known: number;
  readonly unknown: number;
  readonly failed: number;
}

export interface FindingMaker {
  /** @param evidence undefined: the provider never saw the address */
  readonly answered: (ip: IpAddress, evidence: Evidence | undefined) => Finding;
  /** @param tries how often in a row */
  readonly failed: (ip: IpAddress, reason: string, tries: number) => Finding;
}

/** Findings of one provider, found now. */
export function createFindingMaker(
  provider: string,
  lifetimes: FindingLifetimes,
  now: () => Date,
): FindingMaker {
  const about = (ip: IpAddress, seconds: number) => {
    const foundAt = now();
    return { provider, ip, foundAt, expiresAt: new Date(foundAt.getTime() + seconds * 1000) };
  };
  return {
    answered: (ip, evidence) =>
      evidence === undefined
        ? { ...about(ip, lifetimes.unknown), status: "unknown", reason: "no data about it" }
        : { ...about(ip, lifetimes.known), status: "known", evidence },
    failed: (ip, reason, tries) => ({ ...about(ip, lifetimes.failed), status: "failed", reason, tries }),
  };
}
