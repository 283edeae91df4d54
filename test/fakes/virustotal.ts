import { type Answer, type StandIn, startStandIn } from "./intel-stand-in.ts";

/** What VirusTotal knows about one address; what is left out is absent from the answer. */
export interface VirusTotalReport {
  readonly malicious?: number;
  readonly suspicious?: number;
  readonly harmless?: number;
  readonly undetected?: number;
  readonly reputation?: number;
  readonly country?: string;
  readonly asOwner?: string;
  readonly network?: string;
  /** Attributes as they are on the wire; win over the others. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface VirusTotalOptions {
  readonly apiKey: string;
  /** By canonical address. What is not here answers 404. May be changed while it runs. */
  readonly addresses: Readonly<Record<string, VirusTotalReport>>;
}

/** Seconds that `quota-with-retry-after` asks for. */
export const virusTotalRetryAfterSeconds = 17;

/**
 * Stands in for VirusTotal API v3, `GET /ip_addresses/{ip}`.
 * Source: docs.virustotal.com, "IP addresses" and "Errors".
 */
export function startVirusTotal({ apiKey, addresses }: VirusTotalOptions): Promise<StandIn> {
  const wrongKey = problem(401, "WrongCredentialsError", "Wrong API key");
  const quota = problem(429, "QuotaExceededError", "Quota exceeded");
  return startStandIn({
    basePath: "/api/v3",
    answer(request, url) {
      const [, ip] = /^\/api\/v3\/ip_addresses\/([^/]+)$/.exec(url.pathname) ?? [];
      if (request.headers["x-apikey"] !== apiKey) {
        return wrongKey;
      }
      const address = ip === undefined ? "" : decodeURIComponent(ip);
      const report = addresses[address];
      return report === undefined
        ? problem(404, "NotFoundError", `IP address "${address}" not found`)
        : { status: 200, body: document(address, report) };
    },
    failures: {
      "wrong-key": wrongKey,
      quota,
      "quota-with-retry-after": {
        ...quota,
        headers: { "Retry-After": String(virusTotalRetryAfterSeconds) },
      },
      transient: problem(503, "TransientError", "Try again later"),
      rejected: problem(400, "InvalidArgumentError", "Not a valid IP address"),
    },
    otherAddress: { status: 200, body: document("192.0.2.250", { malicious: 60 }) },
    hugeBytes: 5 * 1024 * 1024,
  });
}

function problem(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

function document(ip: string, report: VirusTotalReport): unknown {
  const { malicious, suspicious, harmless, undetected, reputation, country, asOwner, network } = report;
  return {
    data: {
      id: ip,
      type: "ip_address",
      links: { self: `https://www.virustotal.com/api/v3/ip_addresses/${ip}` },
      attributes: {
        as_owner: asOwner,
        country,
        network,
        reputation,
        tags: [],
        total_votes: { harmless: 0, malicious: 0 },
        last_analysis_date: 1_760_000_000,
        last_analysis_stats: { harmless, malicious, suspicious, undetected, timeout: 0 },
        last_analysis_results: {},
        whois: "NetRange: …",
        ...report.attributes,
      },
    },
  };
}
