import { createFakeQuota, createTally, type Paid } from "./intel-quota.ts";
import { type Answer, type StandIn, startStandIn } from "./intel-stand-in.ts";

/** What GreyNoise knows about one address; what is left out is absent from the answer. */
export interface GreyNoiseReport {
  readonly noise: boolean;
  readonly riot?: boolean;
  readonly classification?: string;
  readonly name?: string;
  /** A day. */
  readonly lastSeen?: string;
  /** Fields as they are on the wire; win over the others. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface GreyNoiseOptions {
  /** Null: asks for none, but refuses a wrong one all the same. */
  readonly apiKey: string | null;
  /** By canonical address. What is not here was not observed. May be changed while it runs. */
  readonly addresses: Readonly<Record<string, GreyNoiseReport>>;
  /** Default: no limit. */
  readonly quota?: { readonly week?: number };
  readonly now?: () => Date;
}

/** Seconds that `quota-with-retry-after` asks for. */
export const greyNoiseRetryAfterSeconds = 7200;

/**
 * Stands in for GreyNoise's Community API, `GET /v3/community/{ip}`. IPv6 is not an address for it.
 * Source: docs.greynoise.io, "Community API".
 */
export async function startGreyNoise(options: GreyNoiseOptions): Promise<StandIn & Paid> {
  const { apiKey, addresses, quota: limits = {}, now = () => new Date() } = options;
  const wrongKey = { status: 401, body: { message: "invalid API key" } };
  const invalid = { status: 400, body: { message: "Request is not a valid routable IPv4 address" } };
  const quota: Answer = {
    status: 429,
    body: {
      plan: "community",
      "rate-limit": "50 per week",
      plan_url: "https://greynoise.io/pricing",
      message: "You have hit your weekly rate limit",
    },
  };
  const budget = createFakeQuota(limits, now);
  const tally = createTally();
  const standIn = await startStandIn({
    basePath: "",
    now,
    answer(request, url) {
      const { key } = request.headers;
      if (key !== undefined ? key !== apiKey : apiKey !== null) {
        return wrongKey;
      }
      const [, ip] = /^\/v3\/community\/([^/]+)$/.exec(url.pathname) ?? [];
      const address = decodeURIComponent(ip ?? "");
      if (address === "" || address.includes(":")) {
        return invalid;
      }
      if (budget.take() !== null) {
        return quota;
      }
      tally.note(address);
      const report = addresses[address];
      return report === undefined
        ? { status: 404, body: notObserved(address) }
        : { status: 200, body: document(address, report) };
    },
    failures: {
      "wrong-key": wrongKey,
      quota,
      "quota-with-retry-after": {
        ...quota,
        headers: { "Retry-After": String(greyNoiseRetryAfterSeconds) },
      },
      transient: { status: 503, body: "Service Unavailable", headers: { "Content-Type": "text/plain" } },
      rejected: invalid,
    },
    otherAddress: {
      status: 200,
      body: document("192.0.2.250", { noise: true, classification: "malicious" }),
    },
    hugeBytes: 512 * 1024,
  });
  return { ...standIn, asked: tally.asked, refused: budget.refused };
}

function notObserved(ip: string): unknown {
  return {
    ip,
    noise: false,
    riot: false,
    message: "IP not observed scanning the internet or contained in RIOT data set.",
  };
}

function document(ip: string, report: GreyNoiseReport): unknown {
  return {
    ip,
    noise: report.noise,
    riot: report.riot ?? false,
    classification: report.classification,
    name: report.name,
    link: `https://viz.greynoise.io/ip/${ip}`,
    last_seen: report.lastSeen,
    message: "Success",
    ...report.fields,
  };
}
