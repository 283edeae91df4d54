import { z } from "zod";
import type { DownloadedList, PrefixListSource } from "../../ports.ts";
import { collectNetworks } from "../collect-networks.ts";
import { createListGet } from "../list-client.ts";
import { etagOf, listErrorOf } from "../status-errors.ts";
import { FactText, readAnswer } from "../read-answer.ts";

const maxBytes = 1024 * 1024;
const weekS = 7 * 86_400;

/** Both have more than twenty. */
const leastEntries = 10;

/** Whoever is in these networks can't be blocked, so a list that has a wider one, or anything that is no network, is not believed. */
const strict = { widest: { 4: 10, 6: 24 }, mostBroken: 0 };

/** Source: developers.cloudflare.com, "Cloudflare IPs". */
const CloudflareIps = z
  .object({
    success: z.literal(true),
    result: z.object({ ipv4_cidrs: z.array(z.string()), ipv6_cidrs: z.array(z.string()), etag: FactText }),
  })
  .transform(({ result }) => ({
    version: result.etag ?? "",
    cidrs: [...result.ipv4_cidrs, ...result.ipv6_cidrs],
  }));

/** Source: www.fastly.com/documentation, "Public IP list". */
const FastlyIps = z
  .object({ addresses: z.array(z.string()), ipv6_addresses: z.array(z.string()) })
  .transform(({ addresses, ipv6_addresses }) => ({ version: "", cidrs: [...addresses, ...ipv6_addresses] }));

interface Cdn {
  readonly title: string;
  readonly url: string;
  readonly path: string;
  readonly schema: z.ZodType<{ readonly version: string; readonly cidrs: readonly string[] }>;
}

const cdns = {
  cloudflare: {
    title: "Cloudflare",
    url: "https://api.cloudflare.com/client/v4",
    path: "/ips",
    schema: CloudflareIps,
  },
  fastly: {
    title: "Fastly",
    url: "https://api.fastly.com",
    path: "/public-ip-list",
    schema: FastlyIps,
  },
} as const satisfies Readonly<Record<string, Cdn>>;

export interface CdnListOptions {
  /** Without a slash at the end. Default is the CDN's own. */
  readonly url?: string;
  readonly now?: () => Date;
}

/** The networks through which a CDN's customers are visited. They change a few times a year; old ones are still better than none. */
export function createCdnList(
  name: keyof typeof cdns,
  { url, now = () => new Date() }: CdnListOptions = {},
): PrefixListSource {
  const cdn: Cdn = cdns[name];
  const get = createListGet({ service: cdn.title, baseUrl: url ?? cdn.url, maxBytes });
  return {
    name,
    refreshSeconds: weekS,
    usableSeconds: Number.POSITIVE_INFINITY,
    leastEntries,
    async download(etag, signal) {
      const answer = await get(cdn.path, etag, signal);
      if (answer.status === 304 && etag !== null) {
        return "unchanged";
      }
      if (answer.status !== 200) {
        throw listErrorOf(cdn.title, answer, now());
      }
      return { etag: etagOf(answer), ...readList(cdn, answer.text) };
    },
  };
}

function readList({ title, schema }: Cdn, text: string): Omit<DownloadedList, "etag"> {
  const { version, cidrs } = readAnswer(title, schema, text);
  const lines = cidrs.map((network) => ({ network, note: title }));
  return { version: version.slice(0, 100), networks: collectNetworks(title, lines, strict) };
}
