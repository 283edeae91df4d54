import { createFakeQuota, createTally, type FakeQuota, type Paid } from "./intel-quota.ts";
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
  /** Calls a day, by endpoint. Default: a million of each. */
  readonly quota?: { readonly check?: number; readonly network?: number; readonly blacklist?: number };
  /** Further addresses of the blacklist, which holds also everybody above with a score of 100. May be changed while it runs. */
  readonly blacklist?: readonly { readonly ip: string; readonly score?: number }[];
  readonly now?: () => Date;
}

/** A day of AbuseIPDB begins at 05:00 UTC. */
const dayStartMs = 5 * 3_600_000;
const unlimited = 1_000_000;

/** Seconds that `quota-with-retry-after` asks for. */
export const abuseIpdbRetryAfterSeconds = 29_241;

const neverReported: AbuseIpdbReport = { score: 0, reports: 0, reporters: 0 };

/**
 * Stands in for AbuseIPDB API v2, `GET /check`, `/check-block` and `/blacklist`. Without `Accept: application/json` errors are HTML, as
 * in the original. Every endpoint has a budget of its own.
 * Source: docs.abuseipdb.com, "CHECK Endpoint", "CHECK-BLOCK Endpoint", "BLACKLIST Endpoint", "Rate limits".
 */
export async function startAbuseIpdb(
  options: AbuseIpdbOptions,
): Promise<StandIn & Paid & { readonly askedNetworks: ReadonlyMap<string, number> }> {
  const { apiKey, addresses, quota: limits = {}, now = () => new Date() } = options;
  const wrongKey = problem(
    401,
    "Authentication failed. Your API key is either missing, incorrect, or revoked.",
  );
  const quota = problem(429, "Daily rate limit of 1000 requests exceeded for this endpoint.");
  const invalid = problem(422, "The ip address must be a valid IPv4 or IPv6 address.", "ipAddress");
  const single = createTally();
  const networks = createTally();
  const check = (url: URL): Answer => {
    const ip = url.searchParams.get("ipAddress");
    if (ip === null) {
      return invalid;
    }
    single.note(ip);
    return { status: 200, body: document(ip, addresses[ip] ?? neverReported) };
  };
  const checkBlock = (url: URL): Answer => {
    const network = url.searchParams.get("network") ?? "";
    if (!network.endsWith("/24")) {
      return problem(402, "You can only check networks of /24 with your plan.");
    }
    networks.note(network);
    return { status: 200, body: blockDocument(network, addresses) };
  };
  const endpoints: Readonly<
    Record<string, { readonly limit: number; readonly answer: (url: URL) => Answer }>
  > = {
    "/api/v2/check": { limit: limits.check ?? unlimited, answer: check },
    "/api/v2/check-block": { limit: limits.network ?? unlimited, answer: checkBlock },
    "/api/v2/blacklist": {
      limit: limits.blacklist ?? unlimited,
      answer: () => ({ status: 200, body: blacklist(options, now()) }),
    },
  };
  const budgets = new Map(
    Object.entries(endpoints).map(([path, { limit }]) => [
      path,
      createFakeQuota({ day: limit }, now, dayStartMs),
    ]),
  );
  const standIn = await startStandIn({
    basePath: "/api/v2",
    now,
    answer(request, url) {
      if (request.headers.accept !== "application/json") {
        return { status: 400, body: "<html>Bad request</html>", headers: { "Content-Type": "text/html" } };
      }
      if (request.headers["key"] !== apiKey) {
        return wrongKey;
      }
      const endpoint = endpoints[url.pathname];
      const budget = budgets.get(url.pathname);
      if (endpoint === undefined || budget === undefined) {
        return invalid;
      }
      return paid(budget, endpoint.limit, now, () => endpoint.answer(url));
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
  const refused = (): number => [...budgets.values()].reduce((sum, budget) => sum + budget.refused(), 0);
  return { ...standIn, asked: single.asked, askedNetworks: networks.asked, refused };
}

/** The answer with what is left, or a refusal that says when the day ends. */
function paid(budget: FakeQuota, limit: number, now: () => Date, answer: () => Answer): Answer {
  const full = budget.take();
  const left = {
    "X-RateLimit-Limit": String(limit),
    "X-RateLimit-Remaining": String(limit - budget.used("day")),
  };
  if (full === null) {
    return { ...answer(), headers: left };
  }
  const seconds = Math.ceil((full.resetsAt.getTime() - now().getTime()) / 1000);
  const reset = {
    "Retry-After": String(seconds),
    "X-RateLimit-Reset": String(full.resetsAt.getTime() / 1000),
  };
  const told = problem(429, `Daily rate limit of ${limit} requests exceeded for this endpoint.`);
  return { ...told, headers: { ...left, ...reset } };
}

const lastReport = "2025-10-09T08:55:14+00:00";

function blockDocument(network: string, addresses: AbuseIpdbOptions["addresses"]): unknown {
  const networkAddress = network.slice(0, network.indexOf("/"));
  const start = networkAddress.slice(0, networkAddress.lastIndexOf(".") + 1);
  const reported = Object.entries(addresses).filter(
    ([ip, { score, reports }]) => ip.startsWith(start) && (score > 0 || reports > 0),
  );
  return {
    data: {
      networkAddress,
      netmask: "255.255.255.0",
      minAddress: `${start}1`,
      maxAddress: `${start}254`,
      numPossibleHosts: 254,
      addressSpaceDesc: "Internet",
      reportedAddress: reported.map(([ipAddress, { score, reports, country, data }]) => ({
        ipAddress,
        numReports: reports,
        mostRecentReport: data?.["lastReportedAt"] ?? lastReport,
        abuseConfidenceScore: score,
        countryCode: country ?? null,
      })),
    },
  };
}

/** Made once a day, at midnight UTC. */
function blacklist({ addresses, blacklist: more = [] }: AbuseIpdbOptions, now: Date): unknown {
  const worst = Object.entries(addresses).flatMap(([ip, { score }]) =>
    score === 100 ? [{ ip, score }] : [],
  );
  return {
    meta: { generatedAt: `${now.toISOString().slice(0, 10)}T00:00:00+00:00` },
    data: [...worst, ...more].map(({ ip, score = 100 }) => ({
      ipAddress: ip,
      countryCode: "DE",
      abuseConfidenceScore: score,
      lastReportedAt: lastReport,
    })),
  };
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
      lastReportedAt: reports === 0 ? null : lastReport,
      ...report.data,
    },
  };
}
