import { z } from "zod";
import type { ProviderConfig } from "../../config/config.ts";
import type { PrefixListSource } from "../../ports.ts";
import { collectNetworks } from "../collect-networks.ts";
import { createHttpGet, keyHeader } from "../http-client.ts";
import { FactText, readAnswer, timeOf } from "../read-answer.ts";
import { blacklistName, noteOf } from "./blacklist-note.ts";
import { errorOf, service } from "./error-of.ts";

const maxBytes = 8 * 1024 * 1024;
const timeoutMs = 60_000;
const dayS = 86_400;

/** Single addresses only. */
const widest = { 4: 32, 6: 128 };
const mostBroken = 0.01;

/**
 * AbuseIPDB API v2, answer of `GET /blacklist` as JSON; only what we use.
 * Source: docs.abuseipdb.com, "BLACKLIST Endpoint".
 */
const Blacklist = z.object({
  meta: z.object({ generatedAt: FactText }).nullish(),
  data: z.array(
    z
      .object({
        ipAddress: z.string(),
        abuseConfidenceScore: z.int().min(0).max(100),
        lastReportedAt: FactText,
      })
      .optional()
      .catch(undefined),
  ),
});

export interface BlacklistOptions {
  /** Default is 100. */
  readonly leastEntries?: number;
  readonly now?: () => Date;
}

/**
 * The 10,000 addresses that AbuseIPDB is surest about. The service makes it once a day, and the free plan allows five downloads a day.
 * Only addresses with a score of 100 are asked for: a lower one needs a paid plan, and without it the service silently sends the
 * same list. Each entry's own score is kept.
 */
export function createAbuseIpdbBlacklist(
  config: ProviderConfig,
  { leastEntries = 100, now = () => new Date() }: BlacklistOptions = {},
): PrefixListSource {
  const headers = keyHeader("Key", config.apiKey);
  const get = createHttpGet({ service, baseUrl: config.url, headers, maxBytes, timeoutMs });
  return {
    name: blacklistName,
    refreshSeconds: dayS,
    usableSeconds: 2 * dayS,
    leastEntries,
    async download(_etag, signal) {
      const answer = await get("/blacklist?confidenceMinimum=100&limit=10000", signal);
      if (answer.status !== 200) {
        throw errorOf(answer, now());
      }
      const { meta, data } = readAnswer(service, Blacklist, answer.text);
      const lines = data.map(
        (entry) =>
          entry && {
            network: entry.ipAddress,
            note: noteOf(entry.abuseConfidenceScore, timeOf(entry.lastReportedAt)),
          },
      );
      return {
        etag: null,
        version: timeOf(meta?.generatedAt)?.toISOString() ?? "",
        networks: collectNetworks(service, lines, { widest, mostBroken }),
      };
    },
  };
}
