import { z } from "zod";
import type { Evidence } from "../../domain/finding.ts";
import { type IpAddress, type IpPrefix, parseIpAddress, prefixContains } from "../../domain/ip-address.ts";
import { answerInvalid } from "../provider-errors.ts";
import { FactText, presentFacts, presentNumbers, presentTimes, timeOf } from "../read-answer.ts";
import { service } from "./error-of.ts";

const Reported = z.object({
  ipAddress: z.string(),
  abuseConfidenceScore: z.int().min(0).max(100),
  numReports: z.int().nonnegative().nullish(),
  mostRecentReport: FactText,
  countryCode: FactText,
});

/**
 * AbuseIPDB API v2, answer of `GET /check-block`; only what we use. Its names differ from those of `/check`.
 * Source: docs.abuseipdb.com, "CHECK-BLOCK Endpoint".
 */
export const CheckBlockAnswer = z.object({
  data: z.object({
    networkAddress: z.string().nullish(),
    reportedAddress: z.array(Reported),
  }),
});
export type CheckBlockAnswer = z.infer<typeof CheckBlockAnswer>;

/**
 * What the answer says about each reported address of the network. Numbers `score` and `reports`, times `reported`, as in `/check`, but
 * for fewer days, and without what kind of network it is: nobody is blocked by them alone. Who is absent was not reported in these 30 days
 * and counts as unknown, although a question about the address alone looks back 90.
 * @throws {AppError} PROVIDER_ANSWER_INVALID when an address is not of this network: who is absent would be taken for unknown
 */
export function evidencesOf({ data }: CheckBlockAnswer, network: IpPrefix): ReadonlyMap<IpAddress, Evidence> {
  return new Map(
    data.reportedAddress.flatMap((reported) => {
      const ip = parseIpAddress(reported.ipAddress);
      if (ip === undefined || !prefixContains(network, ip)) {
        throw answerInvalid(service, "names an address outside the network");
      }
      const isReported = reported.abuseConfidenceScore > 0 || (reported.numReports ?? 0) > 0;
      return isReported ? [[ip, evidenceOf(reported, ip, network)] as const] : [];
    }),
  );
}

function evidenceOf(reported: z.infer<typeof Reported>, ip: IpAddress, network: IpPrefix): Evidence {
  return {
    numbers: presentNumbers({ score: reported.abuseConfidenceScore, reports: reported.numReports }),
    times: presentTimes({ reported: timeOf(reported.mostRecentReport) }),
    hints: [],
    asn: null,
    facts: presentFacts([
      ["Last reported", reported.mostRecentReport],
      ["Country", reported.countryCode],
      ["Found by a look-up of", network],
    ]),
    link: `https://www.abuseipdb.com/check/${ip}`,
    isPartial: true,
  };
}
