import { type Answer, type StandIn, startStandIn } from "./intel-stand-in.ts";

/** What AbuseIPDB knows about one address. */
export interface AbuseIpdbReport {
  /** 0 to 100. */
  readonly score: number;
  readonly reports: number;
  readonly reporters: number;
  readonly country?: string;
  readonly isp?: string;
  readonly usageType?: string;
  readonly isTor?: boolean;
  /** Null: the service did not look. */
  readonly isWhitelisted?: boolean | null;
  /** Fields of `data` as they are on the wire; win over the others. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface AbuseIpdbOptions {
  readonly apiKey: string;
  /** By canonical address. What is not here was never reported. May be changed while it runs. */
  readonly addresses: Readonly<Record<string, AbuseIpdbReport>>;
}

/** Seconds that `quota-with-retry-after` asks for. */
export const abuseIpdbRetryAfterSeconds = 29_241;

const neverReported: AbuseIpdbReport = { score: 0, reports: 0, reporters: 0 };

/**
 * Stands in for AbuseIPDB API v2, `GET /check`. Without `Accept: application/json` errors are HTML, as in the original.
 * Source: docs.abuseipdb.com, "CHECK Endpoint" and "Rate limits".
 */
export function startAbuseIpdb({ apiKey, addresses }: AbuseIpdbOptions): Promise<StandIn> {
  const wrongKey = problem(
    401,
    "Authentication failed. Your API key is either missing, incorrect, or revoked.",
  );
  const quota = problem(429, "Daily rate limit of 1000 requests exceeded for this endpoint.");
  const invalid = problem(422, "The ip address must be a valid IPv4 or IPv6 address.", "ipAddress");
  return startStandIn({
    basePath: "/api/v2",
    answer(request, url) {
      if (request.headers.accept !== "application/json") {
        return { status: 400, body: "<html>Bad request</html>", headers: { "Content-Type": "text/html" } };
      }
      if (request.headers["key"] !== apiKey) {
        return wrongKey;
      }
      const ip = url.searchParams.get("ipAddress");
      if (url.pathname !== "/api/v2/check" || ip === null) {
        return invalid;
      }
      return {
        status: 200,
        body: document(ip, addresses[ip] ?? neverReported),
        headers: { "X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999" },
      };
    },
    failures: {
      "wrong-key": wrongKey,
      quota,
      "quota-with-retry-after": {
        ...quota,
        headers: { "Retry-After": String(abuseIpdbRetryAfterSeconds), "X-RateLimit-Remaining": "0" },
      },
      transient: { status: 502, body: "<html>Bad gateway</html>", headers: { "Content-Type": "text/html" } },
      rejected: invalid,
    },
    otherAddress: {
      status: 200,
      body: document("192.0.2.250", { score: 100, reports: 9000, reporters: 900 }),
    },
    hugeBytes: 2 * 1024 * 1024,
  });
}

function problem(status: number, detail: string, parameter?: string): Answer {
  const source = parameter === undefined ? {} : { source: { parameter } };
  return { status, body: { errors: [{ detail, status, ...source }] } };
}

function document(ip: string, report: AbuseIpdbReport): unknown {
  const { score, reports, reporters, country, isp, usageType, isTor, isWhitelisted } = report;
  return {
    data: {
      ipAddress: ip,
      isPublic: true,
      ipVersion: ip.includes(":") ? 6 : 4,
      isWhitelisted: isWhitelisted ?? null,
      abuseConfidenceScore: score,
      countryCode: country ?? null,
      usageType: usageType ?? null,
      isp: isp ?? null,
      domain: null,
      hostnames: [],
      isTor: isTor ?? false,
      totalReports: reports,
      numDistinctUsers: reporters,
      lastReportedAt: reports === 0 ? null : "2025-10-09T08:55:14+00:00",
      ...report.data,
    },
  };
}
