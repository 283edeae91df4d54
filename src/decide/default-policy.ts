import type { Condition, Policy, Rule } from "../domain/policy.ts";
import { policyVersion } from "./policy-version.ts";

const oneHour = 3600;
const oneDay = 86_400;

const content: Omit<Policy, "version"> = {
  block: [
    rule(least("virustotal", "malicious", 5)),
    rule(least("abuseipdb", "score", 90)),
    rule(least("virustotal", "malicious", 2), least("abuseipdb", "score", 50)),
    rule(least("spamhaus-drop", "listed", 1)),
  ],
  hold: [rule(least("virustotal", "malicious", 2)), rule(least("abuseipdb", "score", 50))],
  sightings: null,
  hints: {
    cdn: "hold",
    "search-engine": "hold",
    whitelisted: "hold",
    "business-service": "hold",
    "research-scanner": "hold",
    mobile: { atMostSeconds: oneHour },
    tor: { atMostSeconds: oneHour },
  },
  blockSeconds: [oneDay, 7 * oneDay, 30 * oneDay],
  forgetSeconds: 30 * oneDay,
  aggregate: { ipv4Neighbours: null, ipv6Length: 128 },
  holdSeconds: oneDay,
  graceSeconds: oneDay,
  unavailable: { action: "wait", seconds: 7 * oneDay },
  staleSeconds: 0,
};

/**
 * Blocks what several engines, or very many reporters, or fewer of both agree on, and networks that Spamhaus calls hijacked or run by
 * criminals; asks a person about what only one provider finds suspicious. A day at first, longer each time.
 */
export const defaultPolicy: Policy = { ...content, version: policyVersion(content) };

function rule(...conditions: readonly Condition[]): Rule {
  return { conditions, quorum: null, sightings: null };
}

function least(provider: string, number: string, least: number): Condition {
  return { kind: "least", provider, number, least };
}
