import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Answer, type StandIn, startStandIn } from "./intel-stand-in.ts";

/** The lists as they are; may be changed while it runs. */
export interface SpamhausLists {
  /** Networks of DROP. */
  v4: readonly string[];
  v6: readonly string[];
  /** Lines as they are on the wire, instead of all that would be sent; null: what the networks make. */
  text?: string | null;
  /** Default is true. */
  sendsEtag?: boolean;
}

/** When the lists were made, in seconds since 1970: 2026-11-20 06:00 UTC. */
const dropTimestamp = 1_795_154_400;

/**
 * Stands in for Spamhaus DROP: `/drop/drop_v4.json`, `/drop/drop_v6.json`, a JSON document a line, with ETag.
 * Source: www.spamhaus.org, "DROP".
 */
export function startSpamhaus(lists: SpamhausLists): Promise<StandIn> {
  return startStandIn({
    basePath: "/drop",
    answer(request, url) {
      const [, family] = /^\/drop\/drop_(v4|v6)\.json$/.exec(url.pathname) ?? [];
      return family === "v4" || family === "v6"
        ? tagged(request, lists.text ?? dropText(lists[family]), lists.sendsEtag ?? true)
        : { status: 404, body: "<html>Not found</html>", headers: { "Content-Type": "text/html" } };
    },
    ...listFailures,
  });
}

/** The list of these networks. */
export function dropText(networks: readonly string[]): string {
  const lines = networks.map((cidr, index) =>
    JSON.stringify({ cidr, sblid: `SBL${100_000 + index}`, rir: "ripencc" }),
  );
  const body = lines.join("\n");
  const metadata = {
    type: "metadata",
    timestamp: dropTimestamp,
    size: body.length,
    records: networks.length,
    copyright: "(c) 2026 The Spamhaus Project SLU",
    terms: "https://www.spamhaus.org/drop/terms/",
  };
  return `${[...lines, JSON.stringify(metadata)].join("\n")}\n`;
}

/** So many networks that are in nobody's way: 198.18.0.0/32 and so on. */
export function manyNetworks(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `198.18.${index >> 8}.${index & 255}/32`);
}

/** The text, or 304 when the request names its version. */
export function tagged(request: IncomingMessage, text: string, sendsEtag = true): Answer {
  const etag = `"${createHash("sha256").update(text).digest("hex").slice(0, 16)}"`;
  const headers = sendsEtag ? { ETag: etag } : undefined;
  return request.headers["if-none-match"] === etag
    ? { status: 304, body: "", ...(headers && { headers }) }
    : { status: 200, body: text, ...(headers && { headers }) };
}

const busy: Answer = { status: 429, body: "Too many requests" };

/** How a service that needs no key fails. */
export const listFailures = {
  failures: {
    "wrong-key": { status: 403, body: "Forbidden" },
    quota: busy,
    "quota-with-retry-after": { ...busy, headers: { "Retry-After": "10800" } },
    transient: { status: 503, body: "Service Unavailable" },
    rejected: { status: 404, body: "Not found" },
  },
  otherAddress: { status: 200, body: {} },
  hugeBytes: 9 * 1024 * 1024,
};
