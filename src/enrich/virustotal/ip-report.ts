import { z } from "zod";
import type { Evidence } from "../../domain/finding.ts";
import type { IpAddress } from "../../domain/ip-address.ts";
import { FactText, presentFacts, presentHints, presentNumbers, presentTimes } from "../read-answer.ts";

const Counter = z.int().nonnegative().nullish();

const LastAnalysisStats = z.object({
  malicious: Counter,
  suspicious: Counter,
  harmless: Counter,
  undetected: Counter,
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
        asn: z.int().positive().nullish().catch(undefined),
        tags: z.array(z.string()).nullish().catch(undefined),
      })
      .nullish(),
  }),
});
export type IpReport = z.infer<typeof IpReport>;

const mostEngineNames = 8;

/**
 * What the report says; `undefined` when it says nothing: no engine was ever asked about the address (then its zeros clear nobody), and
 * no tag speaks for it. Numbers: how many engines call it `malicious`, `suspicious`, `harmless` or have nothing against it
 * (`undetected`); `reputation` is the sum of users' votes, below 0 when they think badly of it. Times: `analysed`.
 */
export function evidenceOf(report: IpReport, ip: IpAddress): Evidence | undefined {
  const attributes = report.data.attributes ?? {};
  const hints = hintsOf(attributes.tags ?? []);
  const wasAnalysed = isAnalysed(attributes.last_analysis_stats ?? {});
  if (!wasAnalysed && hints.length === 0) {
    return undefined;
  }
  const analysed = timeOfSeconds(attributes.last_analysis_date);
  return {
    numbers: wasAnalysed ? numbersOf(attributes) : {},
    times: presentTimes({ analysed: wasAnalysed ? analysed : undefined }),
    hints,
    asn: attributes.asn ?? null,
    facts: factsOf(attributes, analysed),
    link: `https://www.virustotal.com/gui/ip-address/${ip}`,
  };
}

type Attributes = NonNullable<IpReport["data"]["attributes"]>;

/** An engine that ran out of time has said nothing. */
function isAnalysed(stats: z.infer<typeof LastAnalysisStats>): boolean {
  const { malicious, suspicious, harmless, undetected } = stats;
  return [malicious, suspicious, harmless, undetected].some((counter) => (counter ?? 0) > 0);
}

function numbersOf({ last_analysis_stats: stats, reputation }: Attributes): Evidence["numbers"] {
  const { malicious, suspicious, harmless, undetected } = stats ?? {};
  return presentNumbers({ malicious, suspicious, harmless, undetected, reputation });
}

function hintsOf(tags: readonly string[]): Evidence["hints"] {
  const has = (tag: string): boolean => tags.some((text) => text.toLowerCase() === tag);
  return presentHints([
    ["cdn", has("cdn")],
    ["tor", has("tor")],
  ]);
}

function factsOf(attributes: Attributes, analysed: Date | undefined): Evidence["facts"] {
  const { asn } = attributes;
  return presentFacts([
    ["Called malicious by", enginesOf(attributes.last_analysis_results)],
    ["Last analysis", analysed?.toISOString().slice(0, 10)],
    ["Network", attributes.network],
    ["AS owner", attributes.as_owner],
    ["AS number", typeof asn === "number" ? String(asn) : undefined],
    ["Country", attributes.country],
  ]);
}

function enginesOf(results: z.infer<typeof EngineResults>): string | undefined {
  const names = Object.entries(results ?? {})
    .filter(([, { category }]) => category === "malicious")
    .map(([name]) => name);
  const more = names.length - mostEngineNames;
  return more > 0 ? `${names.slice(0, mostEngineNames).join(", ")} and ${more} more` : names.join(", ");
}

function timeOfSeconds(seconds: number | null | undefined): Date | undefined {
  const time = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
