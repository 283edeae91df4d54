import { describe, expect, test } from "vitest";
import { createAbuseIpdb } from "../../src/enrich/abuseipdb/create-abuseipdb.ts";
import { type AbuseIpdbReport, startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { t0 } from "../fakes/samples.ts";
import { apiKey, attacker, kept, lookUp, settings, startAnswering } from "./enrich-desk.ts";

async function askAbuseIpdb(report: AbuseIpdbReport) {
  const { url } = await kept(startAbuseIpdb({ apiKey, addresses: { [attacker]: report } }));
  return lookUp(createAbuseIpdb(settings(url)));
}

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
    [403, "<html>", "PROVIDER_REFUSED_KEY"],
    [422, { errors: [] }, "PROVIDER_REJECTED"],
    [429, "<html>", "PROVIDER_QUOTA_EXHAUSTED"],
    [500, "", "PROVIDER_UNAVAILABLE"],
    [304, "", "PROVIDER_ANSWER_INVALID"],
    [200, { errors: [] }, "PROVIDER_ANSWER_INVALID"],
  ])("status %d with %j is %s", async (status, body, code) => {
    const { url } = await startAnswering({ status, body });

    await expect(lookUp(createAbuseIpdb(settings(url)))).rejects.toMatchObject({ code });
  });

  test("X-RateLimit-Reset says when the quota begins anew", async () => {
    const reset = String(t0.getTime() / 1000 + 90);
    const { url } = await startAnswering({ status: 429, body: {}, headers: { "X-RateLimit-Reset": reset } });

    await expect(lookUp(createAbuseIpdb(settings(url), { now: () => t0 }))).rejects.toMatchObject({
      retryAfterMs: 90_000,
    });
  });

  test.each([
    [{ usageType: "Content Delivery Network" }, ["cdn"]],
    [{ usageType: "Search Engine Spider" }, ["search-engine"]],
    [{ usageType: "Mobile ISP" }, ["mobile"]],
    [{ usageType: " mobile isp " }, ["mobile"]],
    [{ usageType: "Data Center/Web Hosting/Transit" }, []],
    [{ usageType: "Not a Content Delivery Network" }, []],
    [{ isWhitelisted: true, isTor: true }, ["whitelisted", "tor"]],
    [{ isWhitelisted: null, isTor: false }, []],
    [{ data: { usageType: null, isTor: "true", isWhitelisted: 1 } }, []],
  ])("%j gives the hints %j", async (report, hints) => {
    const evidence = await askAbuseIpdb({ score: 90, reports: 3, reporters: 2, ...report });

    expect(evidence?.hints).toEqual(hints);
  });

  test("a hint is told also when nobody reported the address, and then without a score", async () => {
    const evidence = await askAbuseIpdb({ score: 0, reports: 0, reporters: 0, isWhitelisted: true });

    expect(evidence?.hints).toEqual(["whitelisted"]);
    expect(evidence?.numbers).toEqual({});
    expect(evidence?.times).toEqual({});
  });

  test.each([
    ["2026-11-19T20:55:14+00:00", new Date("2026-11-19T20:55:14Z")],
    ["2026-11-19T20:55:14+02:00", new Date("2026-11-19T18:55:14Z")],
    ["yesterday", undefined],
    ["1", undefined],
    [null, undefined],
    [5, undefined],
  ])("lastReportedAt %j is %j", async (lastReportedAt, reported) => {
    const evidence = await askAbuseIpdb({ score: 90, reports: 3, reporters: 2, data: { lastReportedAt } });

    expect(evidence?.times["reported"]).toEqual(reported);
  });
});
