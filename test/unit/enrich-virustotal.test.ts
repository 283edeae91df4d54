import { describe, expect, test } from "vitest";
import { createVirusTotal } from "../../src/enrich/virustotal/create-virustotal.ts";
import { startVirusTotal, type VirusTotalReport } from "../fakes/virustotal.ts";
import { apiKey, attacker, kept, lookUp, settings, startAnswering } from "./enrich-desk.ts";

const counters = { malicious: 8, suspicious: 1, harmless: 60, undetected: 25 };

async function askVirusTotal(report: VirusTotalReport) {
  const { url } = await kept(startVirusTotal({ apiKey, addresses: { [attacker]: report } }));
  return lookUp(createVirusTotal(settings(url)));
}

describe("VirusTotal", () => {
  test.each([
    ["no statistics", { attributes: { last_analysis_stats: undefined } }],
    ["null statistics", { attributes: { last_analysis_stats: null } }],
    ["empty statistics", { attributes: { last_analysis_stats: {} } }],
    ["zeros only", { malicious: 0, suspicious: 0, harmless: 0, undetected: 0 }],
    ["engines without time only", { attributes: { last_analysis_stats: { malicious: 0, timeout: 90 } } }],
  ] as const)("%s are no data, not a clean address", async (_name, report) => {
    await expect(askVirusTotal(report)).resolves.toBeUndefined();
  });

  test("a counter that is absent is absent, not 0", async () => {
    const evidence = await askVirusTotal({ attributes: { last_analysis_stats: { harmless: 60 } } });

    expect(evidence?.numbers).toEqual({ harmless: 60 });
  });

  test("every other attribute may be absent or of another type", async () => {
    const strange = { country: 5, network: null, as_owner: ["x"], asn: "64500", tags: [5] };

    const evidence = await askVirusTotal({
      ...counters,
      attributes: { ...strange, reputation: "bad", last_analysis_date: "today" },
    });

    expect(evidence).toEqual({
      numbers: counters,
      times: {},
      hints: [],
      asn: null,
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

    await expect(lookUp(createVirusTotal(settings(url)))).rejects.toMatchObject({ code });
  });

  test("its own 404 means unknown", async () => {
    const { url } = await startAnswering({ status: 404, body: { error: { code: "NotFoundError" } } });

    await expect(lookUp(createVirusTotal(settings(url)))).resolves.toBeUndefined();
  });

  test.each([
    [{ attributes: {} }, {}],
    [{ attributes: { last_analysis_date: undefined } }, {}],
    [{ attributes: { last_analysis_date: null } }, {}],
    [{ attributes: { last_analysis_date: 1e20 } }, {}],
    [{ attributes: { last_analysis_date: 1_763_600_000 } }, { analysed: new Date(1_763_600_000_000) }],
  ])("real answers lack the date now and then: %j", async (report, times) => {
    const evidence = await askVirusTotal({ ...counters, ...report });

    const standard = { analysed: new Date(1_760_000_000_000) };
    expect(evidence?.times).toEqual("last_analysis_date" in report.attributes ? times : standard);
    expect(evidence?.numbers).toEqual(counters);
  });

  test("tags and the owner's number count", async () => {
    const evidence = await askVirusTotal({
      ...counters,
      attributes: { asn: 64_500, tags: ["CDN", "tor", "vpn"] },
    });

    expect(evidence).toMatchObject({ hints: ["cdn", "tor"], asn: 64_500, numbers: counters });
  });

  test("a hint is told also when no engine was asked, and then without numbers", async () => {
    const evidence = await askVirusTotal({
      attributes: { tags: ["cdn"], last_analysis_stats: { malicious: 0 } },
    });

    expect(evidence?.hints).toEqual(["cdn"]);
    expect(evidence?.numbers).toEqual({});
    expect(evidence?.times).toEqual({});
  });

  test("of a throttled call it is known that a minute is enough, of an exhausted quota nothing", async () => {
    const throttled = await startAnswering({
      status: 429,
      body: { error: { code: "TooManyRequestsError" } },
    });
    const exhausted = await startAnswering({ status: 429, body: { error: { code: "QuotaExceededError" } } });

    await expect(lookUp(createVirusTotal(settings(throttled.url)))).rejects.toMatchObject({
      retryAfterMs: 60_000,
    });
    await expect(lookUp(createVirusTotal(settings(exhausted.url)))).rejects.toMatchObject({
      retryAfterMs: undefined,
    });
  });
});
