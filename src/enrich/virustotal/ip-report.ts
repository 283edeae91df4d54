import { z } from "zod";
import type { Evidence } from "../../domain/finding.ts";
import type { IpAddress } from "../../domain/ip-address.ts";
import { FactText, presentFacts, presentNumbers } from "../read-answer.ts";

const Counter = z.int().nonnegative().nullish();

const LastAnalysisStats = z.object({
  malicious: Counter,
  suspicious: Counter,
  harmless: Counter,
  undetected: Counter,
  timeout: Counter,
});

const EngineResults = z
  .record(z.string(), z.object({ category: FactText }))
  .nullish()
  .catch(undefined);

/**
 * VirusTotal API v3, answer of `GET /ip_addresses/{ip}`; only what we use. Every attribute may be absent.
 * Source: docs.virustotal.com, "IP addresses".
 */
export const IpReport = z.object({
  data: z.object({
    id: z.string().nullish(),
    attributes: z
      .object({
        last_analysis_stats: LastAnalysisStats.nullish(),
        last_analysis_results: EngineResults,
        last_analysis_date: z.number().nullish().catch(undefined),
        reputation: z.number().nullish().catch(undefined),
        country: FactText,
        network: FactText,
        as_owner: FactText,
        asn: z.number().nullish().catch(undefined),
      })
      .nullish(),
  }),
});
export type IpReport = z.infer<typeof IpReport>;

const mostEngineNames = 8;

/**
 * What the report says; `undefined` when no engine was ever asked about the address, because then its zeros clear nobody.
 * Numbers: how many engines call it `malicious`, `suspicious`, `harmless` or have nothing against it (`undetected`);
 * `reputation` is the sum of users' votes, below 0 when they think badly of it.
 */
export function evidenceOf(report: IpReport, ip: IpAddress): Evidence | undefined {
  const attributes = report.data.attributes ?? {};
  const { last_analysis_stats: stats, reputation, asn } = attributes;
  const asked = Object.values(stats ?? {}).reduce((sum: number, counter) => sum + (counter ?? 0), 0);
  if (!stats || asked === 0) {
    return undefined;
  }
  const { malicious, suspicious, harmless, undetected } = stats;
  return {
    numbers: presentNumbers({ malicious, suspicious, harmless, undetected, reputation }),
    facts: presentFacts([
      ["Called malicious by", enginesOf(attributes.last_analysis_results)],
      ["Last analysis", dayOf(attributes.last_analysis_date)],
      ["Network", attributes.network],
      ["AS owner", attributes.as_owner],
      ["AS number", typeof asn === "number" ? String(asn) : undefined],
      ["Country", attributes.country],
    ]),
    link: `https://www.virustotal.com/gui/ip-address/${ip}`,
  };
}

function enginesOf(results: z.infer<typeof EngineResults>): string | undefined {
  const names = Object.entries(results ?? {})
    .filter(([, { category }]) => category === "malicious")
    .map(([name]) => name);
  const more = names.length - mostEngineNames;
  return more > 0 ? `${names.slice(0, mostEngineNames).join(", ")} and ${more} more` : names.join(", ");
}

function dayOf(seconds: number | null | undefined): string | undefined {
  const date = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 10);
}
