import type { Policy } from "../domain/policy.ts";
import { policyVersion } from "./policy-version.ts";

const oneDay = 86_400;

const rules: Omit<Policy, "version"> = {
  block: [
    { virustotal: { malicious: 5 } },
    { abuseipdb: { score: 90 } },
    { virustotal: { malicious: 2 }, abuseipdb: { score: 50 } },
  ],
  hold: [{ virustotal: { malicious: 2 } }, { abuseipdb: { score: 50 } }],
  aggregate: { ipv4Neighbours: null, ipv6Length: 128 },
  blockSeconds: oneDay,
  holdSeconds: oneDay,
  graceSeconds: oneDay,
};

/**
 * Blocks for a day what several engines, or very many reporters, or fewer of both agree on; asks a person about what only
 * one of the two finds suspicious.
 */
export const defaultPolicy: Policy = { ...rules, version: policyVersion(rules) };
