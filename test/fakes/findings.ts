import type { Finding } from "../../src/domain/finding.ts";
import { after, ip, t0 } from "./samples.ts";

const about = { ip: ip("203.0.113.45"), foundAt: t0 };

/** Numbers of any provider. */
export function known(provider: string, numbers: Readonly<Record<string, number>>): Finding {
  return {
    ...about,
    provider,
    status: "known",
    evidence: { numbers, times: {}, hints: [], asn: null, facts: [], link: "" },
    expiresAt: after(60),
  };
}

/** So many of 94 engines call it malicious. */
export const virustotal = (malicious: number): Finding =>
  known("virustotal", { malicious, suspicious: 1, harmless: 60, undetected: 33 - malicious });
/** A score with 41 reports by 12 reporters. */
export const abuseipdb = (score: number): Finding =>
  known("abuseipdb", { score, reports: 41, reporters: 12 });
export const unknown = (provider: string): Finding => ({
  ...about,
  provider,
  status: "unknown",
  reason: "no data about it",
  expiresAt: after(60),
});
export const failed = (provider: string, reason = "gave no answer"): Finding => ({
  ...about,
  provider,
  status: "failed",
  reason,
  expiresAt: after(60),
});
