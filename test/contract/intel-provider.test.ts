import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ProviderConfig } from "../../src/config/config.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { IpAddress } from "../../src/domain/ip-address.ts";
import { createAbuseIpdb } from "../../src/enrich/abuseipdb/create-abuseipdb.ts";
import { createVirusTotal } from "../../src/enrich/virustotal/create-virustotal.ts";
import type { IntelProvider } from "../../src/ports.ts";
import { type AbuseIpdbReport, abuseIpdbRetryAfterSeconds, startAbuseIpdb } from "../fakes/abuseipdb.ts";
import type { Failure, StandIn } from "../fakes/intel-stand-in.ts";
import { ip } from "../fakes/samples.ts";
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

interface Implementation {
  readonly start: () => Promise<StandIn>;
  readonly create: (config: ProviderConfig) => IntelProvider;
  readonly name: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly link: string;
  readonly quotaWaitMs: number;
  readonly quotaRetryAfterMs: number;
}

const implementations: readonly Implementation[] = [
  {
    name: "virustotal",
    start: () =>
      startVirusTotal({
        apiKey,
        addresses: { [attacker]: virusTotalReport, [attacker6]: virusTotalReport },
      }),
    create: createVirusTotal,
    numbers: { malicious: 8, suspicious: 1, harmless: 60, undetected: 25, reputation: -12 },
    link: "https://www.virustotal.com/gui/ip-address/",
    quotaWaitMs: 60_000,
    quotaRetryAfterMs: virusTotalRetryAfterSeconds * 1000,
  },
  {
    name: "abuseipdb",
    start: () =>
      startAbuseIpdb({
        apiKey,
        addresses: { [attacker]: abuseIpdbReport, [attacker6]: abuseIpdbReport },
      }),
    create: createAbuseIpdb,
    numbers: { score: 87, reports: 41, reporters: 12 },
    link: "https://www.abuseipdb.com/check/",
    quotaWaitMs: 900_000,
    quotaRetryAfterMs: abuseIpdbRetryAfterSeconds * 1000,
  },
];

describe.each(implementations)("the intelligence provider $name", (implementation) => {
  let service: StandIn;
  let provider: IntelProvider;

  beforeEach(async () => {
    service = await implementation.start();
    provider = implementation.create({ apiKey, url: service.url });
  });

  afterEach(async () => {
    await service.stop();
  });

  const lookUp = (address: IpAddress): ReturnType<IntelProvider["lookUp"]> =>
    provider.lookUp(address, AbortSignal.timeout(10_000));

  async function failureOf(failure: Failure): Promise<unknown> {
    service.failNext(failure);
    return lookUp(attacker).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  test.each([attacker, attacker6])("gives its numbers, facts and page about %s", async (address) => {
    const evidence = await lookUp(address);

    expect(evidence?.numbers).toEqual(implementation.numbers);
    expect(evidence?.facts).toContainEqual(["Country", "DE"]);
    expect(evidence?.link).toBe(`${implementation.link}${address}`);
  });

  test("names itself and its numbers", () => {
    expect(provider.name).toBe(implementation.name);
    expect([...provider.numbers].toSorted()).toEqual(Object.keys(implementation.numbers).toSorted());
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
    ["transient", "PROVIDER_UNAVAILABLE", true],
    ["cut", "PROVIDER_UNAVAILABLE", true],
    ["rejected", "PROVIDER_REJECTED", false],
    ["html", "PROVIDER_ANSWER_INVALID", false],
    ["truncated", "PROVIDER_ANSWER_INVALID", false],
    ["huge", "PROVIDER_ANSWER_INVALID", false],
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

  test("says how long to wait when the quota is exhausted", async () => {
    await expect(failureOf("quota")).resolves.toMatchObject({ retryAfterMs: implementation.quotaWaitMs });
    await expect(failureOf("quota-with-retry-after")).resolves.toMatchObject({
      retryAfterMs: implementation.quotaRetryAfterMs,
    });
  });

  test("gives up when its signal says so", async () => {
    service.failNext("silent");

    await expect(provider.lookUp(attacker, AbortSignal.timeout(20))).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
      retryable: true,
    });
    await expect(provider.lookUp(attacker, AbortSignal.abort())).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
    });
  });

  test("a service that is not there is unavailable, and shows the key nowhere", async () => {
    await service.stop();

    const error: unknown = await lookUp(attacker).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", retryable: true });
    expect(String(error)).toContain("ECONNREFUSED");
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(apiKey);
  });
});
