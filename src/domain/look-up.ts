import type { IpAddress } from "./ip-address.ts";
import { severities, type Severity, worse } from "./severity.ts";

/** An address about which a provider is to be asked, with what tells how urgent it is. */
export interface Candidate {
  readonly ip: IpAddress;
  readonly severity: Severity;
  /** Events, summed over the alerts that wait for it. */
  readonly events: number;
  /** Names of their searches, at most 20; the empty text for one without a name. */
  readonly searches: readonly string[];
  /** On how many firewalls it would be blocked. */
  readonly firewalls: number;
  /** How near what is known already comes to a block, from 0 (nothing known) to 1 (nothing is missing but this). */
  readonly closeness: number;
}

const mostSearches = 20;

/** More than these say no more: a search that counts packets must not go before one that counts log-ins. */
const mostEvents = 1024;

/** The same address, wanted once more. */
export function joinCandidates(a: Candidate, b: Candidate): Candidate {
  return {
    ip: a.ip,
    severity: worse(a.severity, b.severity),
    events: a.events + b.events,
    searches: [...new Set([...a.searches, ...b.searches])].slice(0, mostSearches),
    firewalls: Math.max(a.firewalls, b.firewalls),
    closeness: Math.max(a.closeness, b.closeness),
  };
}

/**
 * Whole number, higher goes first. Severity weighs most, then how near a decision is, then how often and by how many searches it
 * was seen; each doubling of events counts the same, up to 1,024.
 */
export function priorityOf({ severity, events, searches, firewalls, closeness }: Candidate): number {
  const seen = Math.log2(1 + Math.min(mostEvents, Math.max(0, events))) * 10;
  const spread = Math.min(searches.length, mostSearches) * 15 + Math.log2(1 + firewalls) * 5;
  return Math.round(severities.indexOf(severity) * 200 + closeness * 150 + seen + spread);
}
