import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ProviderConfig } from "../../src/config/config.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { Evidence } from "../../src/domain/finding.ts";
import type { IpAddress } from "../../src/domain/ip-address.ts";
import { createAbuseIpdb } from "../../src/enrich/abuseipdb/create-abuseipdb.ts";
import { createGreyNoise } from "../../src/enrich/greynoise/create-greynoise.ts";
import { createVirusTotal } from "../../src/enrich/virustotal/create-virustotal.ts";
import type { IntelProvider } from "../../src/ports.ts";
import { type AbuseIpdbReport, abuseIpdbRetryAfterSeconds, startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { greyNoiseRetryAfterSeconds, type GreyNoiseReport, startGreyNoise } from "../fakes/greynoise.ts";
import { type Failure, quotaDateSeconds, type StandIn } from "../fakes/intel-stand-in.ts";
import { ip, t0 } from "../fakes/samples.ts";
import { startVirusTotal, type VirusTotalReport, virusTotalRetryAfterSeconds } from "../fakes/virustotal.ts";

const apiKey = "key-that-must-never-be-seen-0123456789";
const attacker = ip("203.0.113.45");
const attacker6 = ip("2001:db8:45::bad:cafe");
const stranger = ip("198.51.100.1");

const virusTotalReport: VirusTotalReport = {
  malicious: 8,
  suspicious: 1,
  harmless: 60,
  undetected: 25,
  reputation: -12,
  country: "DE",
  network: "203.0.113.0/24",
  asOwner: "EXAMPLE-AS",
};
const abuseIpdbReport: AbuseIpdbReport = {
  score: 87,
  reports: 41,
  reporters: 12,
  country: "DE",
  isp: "Example Hosting",
  isTor: true,
};
const greyNoiseReport: GreyNoiseReport = {
  noise: true,
  classification: "malicious",
  name: "Example Scanner",
  lastSeen: "2026-11-20",
};

const now = (): Date => t0;

interface Implementation {
  readonly start: () => Promise<StandIn>;
  readonly create: (config: ProviderConfig) => IntelProvider;
  readonly name: string;
  readonly title: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly times: Readonly<Record<string, Date>>;
  readonly fact: readonly [string, string];
  readonly link: string;
  /** Both are about the same. The second is asked about only where the provider covers it. */
  readonly attackers: readonly IpAddress[];
  readonly quota: Readonly<Record<string, number>>;
  readonly quotaRetryAfterMs: number;
}

const implementations: readonly Implementation[] = [
  {
    name: "virustotal",
    title: "VirusTotal",
    start: () =>
      startVirusTotal({
        apiKey,
        addresses: { [attacker]: virusTotalReport, [attacker6]: virusTotalReport },
        now,
      }),
    create: (config) => createVirusTotal(config, { now }),
    numbers: { malicious: 8, suspicious: 1, harmless: 60, undetected: 25, reputation: -12 },
    times: { analysed: new Date(1_760_000_000_000) },
    fact: ["Country", "DE"],
    link: "https://www.virustotal.com/gui/ip-address/",
    attackers: [attacker, attacker6],
    quota: { minute: 4, day: 500, month: 15_500 },
    quotaRetryAfterMs: virusTotalRetryAfterSeconds * 1000,
  },
  {
    name: "abuseipdb",
    title: "AbuseIPDB",
    start: () =>
      startAbuseIpdb({
        apiKey,
        addresses: { [attacker]: abuseIpdbReport, [attacker6]: abuseIpdbReport },
        now,
      }),
    create: (config) => createAbuseIpdb(config, { now }),
    numbers: { score: 87, reports: 41, reporters: 12 },
    times: { reported: new Date("2025-10-09T08:55:14.000Z") },
    fact: ["Country", "DE"],
    link: "https://www.abuseipdb.com/check/",
    attackers: [attacker, attacker6],
    quota: { day: 1000 },
    quotaRetryAfterMs: abuseIpdbRetryAfterSeconds * 1000,
  },
  {
    name: "greynoise",
    title: "GreyNoise",
    start: () => startGreyNoise({ apiKey, addresses: { [attacker]: greyNoiseReport }, now }),
    create: (config) => createGreyNoise(config, { now }),
    numbers: { malicious: 1, noise: 1 },
    times: { seen: new Date("2026-11-20T00:00:00.000Z") },
    fact: ["Name", "Example Scanner"],
    link: "https://viz.greynoise.io/ip/",
    attackers: [attacker],
    quota: { week: 50 },
    quotaRetryAfterMs: greyNoiseRetryAfterSeconds * 1000,
  },
];

describe.each(implementations)("the intelligence provider $name", (implementation) => {
  let service: StandIn;
  let provider: IntelProvider;

  beforeEach(async () => {
    service = await implementation.start();
    provider = implementation.create({ apiKey, url: service.url, quota: {} });
  });

  afterEach(async () => {
    await service.stop();
  });

  const lookUp = async (address: IpAddress): Promise<Evidence | undefined> =>
    (await provider.lookUp(address, AbortSignal.timeout(10_000))).value;

  async function failureOf(failure: Failure): Promise<unknown> {
    service.failNext(failure);
    return lookUp(attacker).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  test.each(implementation.attackers)(
    "gives its numbers, times, facts and page about %s",
    async (address) => {
      const evidence = await lookUp(address);

      expect(evidence).toMatchObject({ numbers: implementation.numbers, times: implementation.times });
      expect(evidence?.facts).toContainEqual(implementation.fact);
      expect(evidence?.link).toBe(`${implementation.link}${address}`);
      expect(evidence?.isPartial).toBeUndefined();
    },
  );

  test("names itself, its terms and its budget, and its key without telling it", () => {
    const { name, title, terms, quota, keyId } = provider;
    const other = implementation.create({ apiKey: "another", url: service.url, quota: {} });

    expect({ name, title }).toEqual({ name: implementation.name, title: implementation.title });
    expect([...terms.numbers].toSorted()).toEqual(Object.keys(implementation.numbers).toSorted());
    expect(terms.times).toEqual(Object.keys(implementation.times));
    expect(terms.accusing.filter((number) => !terms.numbers.includes(number))).toEqual([]);
    expect(Object.fromEntries(quota.map((window) => [window.name, window.limit]))).toEqual(
      implementation.quota,
    );
    expect(keyId).toMatch(/^[0-9a-f]{12}$/);
    expect(other.keyId).not.toBe(keyId);
  });

  test("takes the budget of the settings", () => {
    const { quota } = implementation.create({ apiKey, url: service.url, quota: { hour: 7, day: 9 } });

    expect(Object.fromEntries(quota.map((window) => [window.name, window.limit]))).toEqual({
      ...implementation.quota,
      hour: 7,
      day: 9,
    });
  });

  test("asks nothing about an address that it does not cover", async () => {
    const covers = provider.covers?.(attacker6) ?? true;

    await lookUp(attacker6);

    expect(covers).toBe(implementation.attackers.includes(attacker6));
    expect(service.requests).toHaveLength(covers ? 1 : 0);
  });

  test("says undefined about an address that it never saw", async () => {
    await expect(lookUp(stranger)).resolves.toBeUndefined();
  });

  test("sends the key in a header only, with a name of its own", async () => {
    await lookUp(attacker);

    expect(service.requests.join()).not.toContain(apiKey);
    expect(Object.values(service.headers[0] ?? {})).toContain(apiKey);
    expect(service.headers[0]?.["user-agent"]).toContain("Portcullis");
  });

  test.each([
    ["wrong-key", "PROVIDER_REFUSED_KEY", false],
    ["quota", "PROVIDER_QUOTA_EXHAUSTED", true],
    ["quota-with-retry-after", "PROVIDER_QUOTA_EXHAUSTED", true],
    ["quota-with-date", "PROVIDER_QUOTA_EXHAUSTED", true],
    ["quota-as-html", "PROVIDER_QUOTA_EXHAUSTED", true],
    ["transient", "PROVIDER_UNAVAILABLE", true],
    ["cut", "PROVIDER_UNAVAILABLE", true],
    ["rejected", "PROVIDER_REJECTED", false],
    ["html", "PROVIDER_ANSWER_INVALID", false],
    ["truncated", "PROVIDER_ANSWER_INVALID", false],
    ["huge", "PROVIDER_ANSWER_INVALID", false],
    ["endless", "PROVIDER_ANSWER_INVALID", false],
    ["wrong-shape", "PROVIDER_ANSWER_INVALID", false],
    ["other-address", "PROVIDER_ANSWER_INVALID", false],
    ["redirect", "PROVIDER_ANSWER_INVALID", false],
  ] as const)("turns %s into %s, and shows the key nowhere in it", async (failure, code, retryable) => {
    const error = await failureOf(failure);

    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code, retryable });
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(apiKey);
  });

  test("asks once and works again afterwards", async () => {
    await failureOf("transient");

    expect(service.requests).toHaveLength(1);
    await expect(lookUp(attacker)).resolves.toBeDefined();
  });

  test("follows no redirect", async () => {
    await failureOf("redirect");

    expect(service.requests).toHaveLength(1);
  });

  test.each([
    ["quota", undefined],
    ["quota-as-html", undefined],
    ["quota-with-retry-after", implementation.quotaRetryAfterMs],
    ["quota-with-date", quotaDateSeconds * 1000],
  ] as const)(
    "says how long to wait after %s only when the service does: %s ms",
    async (failure, retryAfterMs) => {
      await expect(failureOf(failure)).resolves.toMatchObject({ retryAfterMs });
    },
  );

  test("reads no more of an answer of 100 MB than a real one can have", async () => {
    await failureOf("endless");

    expect(service.sent.bytes).toBeLessThan(20 * 1024 * 1024);
  });

  test.each(["silent", "slow"] as const)(
    "gives up on a %s service when its signal says so",
    async (failure) => {
      service.failNext(failure);

      await expect(provider.lookUp(attacker, AbortSignal.timeout(50))).rejects.toMatchObject({
        code: "PROVIDER_UNAVAILABLE",
        retryable: true,
      });
    },
  );

  test("asks nothing when its signal has said so already", async () => {
    await expect(provider.lookUp(attacker, AbortSignal.abort())).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
    });
    expect(service.requests).toEqual([]);
  });

  test("a service that is not there is unavailable, and shows the key nowhere", async () => {
    await service.stop();

    const error: unknown = await lookUp(attacker).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", retryable: true });
    expect(String(error)).toContain("ECONNREFUSED");
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(apiKey);
  });
});
