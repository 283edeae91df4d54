import { afterEach, describe, expect, test } from "vitest";
import { createAbuseIpdb } from "../../src/enrich/abuseipdb/create-abuseipdb.ts";
import { createHttpGet } from "../../src/enrich/http-client.ts";
import { retryAfterMsOf } from "../../src/enrich/retry-after.ts";
import { createVirusTotal } from "../../src/enrich/virustotal/create-virustotal.ts";
import type { IntelProvider } from "../../src/ports.ts";
import { type AbuseIpdbReport, startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { type Answer, type StandIn, startStandIn } from "../fakes/intel-stand-in.ts";
import { after, ip, t0 } from "../fakes/samples.ts";
import { startVirusTotal, type VirusTotalReport } from "../fakes/virustotal.ts";

const apiKey = "key";
const attacker = ip("203.0.113.45");
const counters = { malicious: 8, suspicious: 1, harmless: 60, undetected: 25 };

let service: StandIn | undefined;

afterEach(async () => {
  await service?.stop();
  service = undefined;
});

const lookUp = (provider: IntelProvider): ReturnType<IntelProvider["lookUp"]> =>
  provider.lookUp(attacker, AbortSignal.timeout(10_000));

async function askVirusTotal(report: VirusTotalReport) {
  service = await startVirusTotal({ apiKey, addresses: { [attacker]: report } });
  return lookUp(createVirusTotal({ apiKey, url: service.url }));
}

async function askAbuseIpdb(report: AbuseIpdbReport) {
  service = await startAbuseIpdb({ apiKey, addresses: { [attacker]: report } });
  return lookUp(createAbuseIpdb({ apiKey, url: service.url }));
}

/** A service that gives every question the same answer. */
async function startAnswering(answer: Answer): Promise<StandIn> {
  const failures = { "wrong-key": answer, "quota-with-retry-after": answer, rejected: answer };
  service = await startStandIn({
    basePath: "",
    answer: () => answer,
    failures: { ...failures, quota: answer, transient: answer },
    otherAddress: answer,
    hugeBytes: 0,
  });
  return service;
}

describe("VirusTotal", () => {
  test.each([
    ["no statistics", { attributes: { last_analysis_stats: undefined } }],
    ["null statistics", { attributes: { last_analysis_stats: null } }],
    ["empty statistics", { attributes: { last_analysis_stats: {} } }],
    ["zeros only", { malicious: 0, suspicious: 0, harmless: 0, undetected: 0 }],
  ] as const)("%s are no data, not a clean address", async (_name, report) => {
    await expect(askVirusTotal(report)).resolves.toBeUndefined();
  });

  test("a counter that is absent is absent, not 0", async () => {
    const evidence = await askVirusTotal({ attributes: { last_analysis_stats: { harmless: 60 } } });

    expect(evidence?.numbers).toEqual({ harmless: 60 });
  });

  test("every other attribute may be absent or of another type", async () => {
    const strange = { country: 5, network: null, as_owner: ["x"], asn: "64500", last_analysis_date: "today" };

    const evidence = await askVirusTotal({ ...counters, attributes: { ...strange, reputation: "bad" } });

    expect(evidence).toEqual({
      numbers: counters,
      facts: [],
      link: "https://www.virustotal.com/gui/ip-address/203.0.113.45",
    });
  });

  test("its facts are for people: engines, dates, network", async () => {
    const names = ["A", "B", "C", "D", "E", "F", "G", "H", "I"];
    const results = Object.fromEntries(names.map((name) => [name, { category: "malicious" }]));

    const evidence = await askVirusTotal({
      ...counters,
      country: "DE",
      network: "203.0.113.0/24",
      asOwner: "x".repeat(5000),
      attributes: { asn: 64_500, last_analysis_results: { ...results, Z: { category: "harmless" } } },
    });

    expect(evidence?.facts).toEqual([
      ["Called malicious by", "A, B, C, D, E, F, G, H and 1 more"],
      ["Last analysis", "2025-10-09"],
      ["Network", "203.0.113.0/24"],
      ["AS owner", "x".repeat(200)],
      ["AS number", "64500"],
      ["Country", "DE"],
    ]);
  });

  test.each([
    [{ malicious: -1 }],
    [{ malicious: 1.5 }],
    [{ malicious: "8" }],
    [{ malicious: { valueOf: 8 } }],
  ])("the statistics %j are a wrong answer", async (stats) => {
    await expect(
      askVirusTotal({ attributes: { last_analysis_stats: { ...counters, ...stats } } }),
    ).rejects.toMatchObject({ code: "PROVIDER_ANSWER_INVALID" });
  });

  test.each([
    [401, { error: { code: "UserNotActiveError" } }, "PROVIDER_REFUSED_KEY"],
    [401, "<html>", "PROVIDER_REFUSED_KEY"],
    [403, { error: { code: "ForbiddenError" } }, "PROVIDER_REFUSED_KEY"],
    [403, "", "PROVIDER_REFUSED_KEY"],
    [429, { error: { code: "TooManyRequestsError" } }, "PROVIDER_QUOTA_EXHAUSTED"],
    [429, "<html>", "PROVIDER_QUOTA_EXHAUSTED"],
    [400, { error: { code: "QuotaExceededError" } }, "PROVIDER_QUOTA_EXHAUSTED"],
    [400, { error: { code: "BadRequestError" } }, "PROVIDER_REJECTED"],
    [400, { error: { code: "NotAvailableYet" } }, "PROVIDER_UNAVAILABLE"],
    [424, { error: { code: "FailedDependencyError" } }, "PROVIDER_UNAVAILABLE"],
    [500, "<html>", "PROVIDER_UNAVAILABLE"],
    [504, { error: { code: "DeadlineExceededError" } }, "PROVIDER_UNAVAILABLE"],
    [404, "<html>nginx</html>", "PROVIDER_ANSWER_INVALID"],
    [404, { error: "not found" }, "PROVIDER_ANSWER_INVALID"],
    [204, "", "PROVIDER_ANSWER_INVALID"],
    [200, "", "PROVIDER_ANSWER_INVALID"],
    [200, "null", "PROVIDER_ANSWER_INVALID"],
  ])("status %d with %j is %s", async (status, body, code) => {
    const { url } = await startAnswering({ status, body });

    await expect(lookUp(createVirusTotal({ apiKey, url }))).rejects.toMatchObject({ code });
  });

  test("its own 404 means unknown", async () => {
    const { url } = await startAnswering({ status: 404, body: { error: { code: "NotFoundError" } } });

    await expect(lookUp(createVirusTotal({ apiKey, url }))).resolves.toBeUndefined();
  });
});

describe("AbuseIPDB", () => {
  test.each([
    [{ score: 0, reports: 0, reporters: 0 }, undefined],
    [
      { score: 0, reports: 3, reporters: 1 },
      { score: 0, reports: 3, reporters: 1 },
    ],
    [
      { score: 7, reports: 0, reporters: 0 },
      { score: 7, reports: 0, reporters: 0 },
    ],
    [{ score: 0, reports: 1, reporters: 1, data: { totalReports: null, numDistinctUsers: null } }, undefined],
    [
      { score: 100, reports: 1, reporters: 1, data: { totalReports: null, numDistinctUsers: undefined } },
      { score: 100 },
    ],
  ])("%j has the numbers %j", async (report, numbers) => {
    await expect(askAbuseIpdb(report).then((evidence) => evidence?.numbers)).resolves.toEqual(numbers);
  });

  test.each([
    [null, []],
    [false, []],
    [true, [["Whitelisted by AbuseIPDB", "yes"]]],
  ])("isWhitelisted %j gives the facts %j", async (isWhitelisted, facts) => {
    const data = { lastReportedAt: null };

    const evidence = await askAbuseIpdb({ score: 50, reports: 1, reporters: 1, isWhitelisted, data });

    expect(evidence?.facts).toEqual(facts);
  });

  test("its facts are for people", async () => {
    const evidence = await askAbuseIpdb({
      score: 87,
      reports: 41,
      reporters: 12,
      country: "DE",
      isp: "Example Hosting",
      isTor: true,
      usageType: "Data Center/Web Hosting/Transit",
      data: { domain: "example.net" },
    });

    expect(evidence?.facts).toEqual([
      ["Last reported", "2025-10-09T08:55:14+00:00"],
      ["ISP", "Example Hosting"],
      ["Domain", "example.net"],
      ["Usage type", "Data Center/Web Hosting/Transit"],
      ["Country", "DE"],
      ["Tor exit", "yes"],
    ]);
  });

  test.each([{ abuseConfidenceScore: 101 }, { abuseConfidenceScore: -1 }, { abuseConfidenceScore: null }])(
    "%j is a wrong answer",
    async (data) => {
      await expect(askAbuseIpdb({ score: 1, reports: 1, reporters: 1, data })).rejects.toMatchObject({
        code: "PROVIDER_ANSWER_INVALID",
      });
    },
  );

  test.each([
    [401, "<html>", "PROVIDER_REFUSED_KEY"],
    [402, { errors: [] }, "PROVIDER_REJECTED"],
    [403, "<html>", "PROVIDER_REJECTED"],
    [422, { errors: [] }, "PROVIDER_REJECTED"],
    [429, "<html>", "PROVIDER_QUOTA_EXHAUSTED"],
    [500, "", "PROVIDER_UNAVAILABLE"],
    [304, "", "PROVIDER_ANSWER_INVALID"],
    [200, { errors: [] }, "PROVIDER_ANSWER_INVALID"],
  ])("status %d with %j is %s", async (status, body, code) => {
    const { url } = await startAnswering({ status, body });

    await expect(lookUp(createAbuseIpdb({ apiKey, url }))).rejects.toMatchObject({ code });
  });

  test("X-RateLimit-Reset says when the quota begins anew", async () => {
    const reset = String(t0.getTime() / 1000 + 90);
    const { url } = await startAnswering({ status: 429, body: {}, headers: { "X-RateLimit-Reset": reset } });

    await expect(lookUp(createAbuseIpdb({ apiKey, url }, { now: () => t0 }))).rejects.toMatchObject({
      retryAfterMs: 90_000,
    });
  });
});

describe("the HTTP client", () => {
  test("gives up after its own time-out", async () => {
    const answering = await startAnswering({ status: 200, body: {} });
    answering.failNext("silent");
    const get = createHttpGet({
      service: "X",
      baseUrl: answering.url,
      headers: {},
      maxBytes: 1000,
      timeoutMs: 20,
    });

    await expect(get("/", new AbortController().signal)).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
      message: "X gave no answer within 0.02 s",
    });
  });

  test.each([
    [1000, 1000, true],
    [1001, 1000, false],
  ])("an answer of %d bytes with a limit of %d is taken: %s", async (bytes, maxBytes, isTaken) => {
    const { url } = await startAnswering({ status: 200, body: "x".repeat(bytes) });
    const get = createHttpGet({ service: "X", baseUrl: url, headers: {}, maxBytes });

    const taken = await get("/", AbortSignal.timeout(10_000)).then(
      ({ text }) => text.length === bytes,
      () => false,
    );

    expect(taken).toBe(isTaken);
  });
});

describe("how long to wait", () => {
  test.each([
    [{ "retry-after": "17" }, 17_000],
    [{ "retry-after": "0" }, 1000],
    [{ "retry-after": "99999999" }, 86_400_000],
    [{ "retry-after": after(30).toUTCString() }, 30_000],
    [{ "retry-after": after(-30).toUTCString() }, 1000],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "soon", "x-ratelimit-reset": String(t0.getTime() / 1000 + 5) }, 5000],
    [{ "x-ratelimit-reset": "never" }, undefined],
    [{ "retry-after": ["17"] }, undefined],
    [{}, undefined],
  ])("%j: %d ms", (headers, expected) => {
    expect(retryAfterMsOf({ headers }, t0)).toBe(expected);
  });
});
