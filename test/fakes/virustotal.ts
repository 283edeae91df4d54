import { createFakeQuota, createTally, type FakeLimits, type FakeQuota, type Paid } from "./intel-quota.ts";
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
  /** The key's plan. Default: without limits, but `overall_quotas` tells those of a public key. */
  readonly quota?: FakeLimits;
  /** What the key's group may do and has done, a day; absent: it has none. */
  readonly group?: { readonly allowed: number; readonly used: number };
  readonly now?: () => Date;
}

const publicLimits = { minute: 4, day: 500, month: 15_500 };

/** Seconds that `quota-with-retry-after` asks for. */
export const virusTotalRetryAfterSeconds = 17;

/**
 * Stands in for VirusTotal API v3, `GET /ip_addresses/{ip}` and `GET /users/{key}/overall_quotas`. What it does not know costs as much
 * as what it knows.
 * Source: docs.virustotal.com, "IP addresses", "Errors", "Consumption quotas".
 */
export async function startVirusTotal(options: VirusTotalOptions): Promise<StandIn & Paid> {
  const { apiKey, addresses, quota: limits = {}, now = () => new Date() } = options;
  const wrongKey = problem(401, "WrongCredentialsError", "Wrong API key");
  const quota = problem(429, "QuotaExceededError", "Quota exceeded");
  const budget = createFakeQuota(limits, now);
  const tally = createTally();
  const standIn = await startStandIn({
    basePath: "/api/v3",
    now,
    answer(request, url) {
      if (request.headers["x-apikey"] !== apiKey) {
        return wrongKey;
      }
      const [, user] = /^\/api\/v3\/users\/([^/]+)\/overall_quotas$/.exec(url.pathname) ?? [];
      if (user !== undefined) {
        return decodeURIComponent(user) === apiKey
          ? { status: 200, body: overallQuotas(options, budget) }
          : problem(404, "NotFoundError", "User not found");
      }
      if (budget.take() !== null) {
        return quota;
      }
      const [, ip] = /^\/api\/v3\/ip_addresses\/([^/]+)$/.exec(url.pathname) ?? [];
      const address = ip === undefined ? "" : decodeURIComponent(ip);
      tally.note(address);
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
  return { ...standIn, asked: tally.asked, refused: budget.refused };
}

function overallQuotas({ quota = {}, group }: VirusTotalOptions, budget: FakeQuota): unknown {
  const { minute, day, month } = { ...publicLimits, ...quota };
  const daily = { user: { allowed: day, used: budget.used("day") } };
  return {
    data: {
      api_requests_hourly: { user: { allowed: minute * 60, used: 0 } },
      api_requests_daily:
        group === undefined ? daily : { ...daily, group: { inherited_from: "company", ...group } },
      api_requests_monthly: { user: { allowed: month, used: budget.used("month") } },
    },
  };
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
