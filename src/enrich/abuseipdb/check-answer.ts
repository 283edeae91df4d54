import { z } from "zod";
import type { Evidence } from "../../domain/finding.ts";
import type { IpAddress } from "../../domain/ip-address.ts";
import { FactText, presentFacts, presentNumbers } from "../read-answer.ts";

const Counter = z.int().nonnegative().nullish();

/**
 * AbuseIPDB API v2, answer of `GET /check`; only what we use.
 * `isWhitelisted` is null when the service did not look.
 * Source: docs.abuseipdb.com, "CHECK Endpoint".
 */
export const CheckAnswer = z.object({
  data: z.object({
    ipAddress: z.string().nullish(),
    abuseConfidenceScore: z.int().min(0).max(100),
    totalReports: Counter,
    numDistinctUsers: Counter,
    lastReportedAt: FactText,
    countryCode: FactText,
    isp: FactText,
    domain: FactText,
    usageType: FactText,
    isTor: z.boolean().nullish().catch(undefined),
    isWhitelisted: z.boolean().nullish().catch(undefined),
  }),
});
export type CheckAnswer = z.infer<typeof CheckAnswer>;

/**
 * What the answer says; `undefined` when nobody reported the address. The service then sends a score of 0, which only
 * means that it has nothing to go by, and must not be taken for a clean bill.
 * Numbers: `score` from 0 to 100 (certainly bad), `reports` and different `reporters` in the days asked for.
 */
export function evidenceOf({ data }: CheckAnswer, ip: IpAddress): Evidence | undefined {
  const { abuseConfidenceScore: score, totalReports: reports, numDistinctUsers: reporters } = data;
  if (score === 0 && (reports ?? 0) === 0) {
    return undefined;
  }
  return {
    numbers: presentNumbers({ score, reports, reporters }),
    facts: presentFacts([
      ["Last reported", data.lastReportedAt],
      ["ISP", data.isp],
      ["Domain", data.domain],
      ["Usage type", data.usageType],
      ["Country", data.countryCode],
      ["Tor exit", data.isTor === true ? "yes" : undefined],
      ["Whitelisted by AbuseIPDB", data.isWhitelisted === true ? "yes" : undefined],
    ]),
    link: `https://www.abuseipdb.com/check/${ip}`,
  };
}
