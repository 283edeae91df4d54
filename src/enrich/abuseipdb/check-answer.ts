import { z } from "zod";
import type { Evidence } from "../../domain/finding.ts";
import type { IpAddress } from "../../domain/ip-address.ts";
import {
  FactText,
  presentFacts,
  presentHints,
  presentNumbers,
  presentTimes,
  timeOf,
} from "../read-answer.ts";

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

type Data = CheckAnswer["data"];

/**
 * What the answer says; `undefined` when nobody reported the address and nothing speaks for it. For an address without reports the
 * service sends a score of 0, which only means that it has nothing to go by, and must not be taken for a clean bill: such a score
 * is left out. Numbers: `score` from 0 to 100 (certainly bad), `reports` and different `reporters` in the days asked for. Times:
 * `reported`.
 */
export function evidenceOf({ data }: CheckAnswer, ip: IpAddress): Evidence | undefined {
  const { abuseConfidenceScore: score, totalReports: reports, numDistinctUsers: reporters } = data;
  const isReported = score > 0 || (reports ?? 0) > 0;
  const hints = hintsOf(data);
  if (!isReported && hints.length === 0) {
    return undefined;
  }
  return {
    numbers: isReported ? presentNumbers({ score, reports, reporters }) : {},
    times: presentTimes({ reported: isReported ? timeOf(data.lastReportedAt) : undefined }),
    hints,
    asn: null,
    facts: factsOf(data),
    link: `https://www.abuseipdb.com/check/${ip}`,
  };
}

function hintsOf({ usageType, isWhitelisted, isTor }: Data): Evidence["hints"] {
  const usage = usageType?.trim().toLowerCase();
  return presentHints([
    ["cdn", usage === "content delivery network"],
    ["search-engine", usage === "search engine spider"],
    ["whitelisted", isWhitelisted === true],
    ["mobile", usage === "mobile isp"],
    ["tor", isTor === true],
  ]);
}

function factsOf(data: Data): Evidence["facts"] {
  return presentFacts([
    ["Last reported", data.lastReportedAt],
    ["ISP", data.isp],
    ["Domain", data.domain],
    ["Usage type", data.usageType],
    ["Country", data.countryCode],
    ["Tor exit", data.isTor === true ? "yes" : undefined],
    ["Whitelisted by AbuseIPDB", data.isWhitelisted === true ? "yes" : undefined],
  ]);
}
