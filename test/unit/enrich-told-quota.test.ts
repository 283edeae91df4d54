import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createAbuseIpdb } from "../../src/enrich/abuseipdb/create-abuseipdb.ts";
import { createVirusTotal } from "../../src/enrich/virustotal/create-virustotal.ts";
import type { IntelProvider, QuotaWindow } from "../../src/ports.ts";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { t0 } from "../fakes/samples.ts";
import { startVirusTotal, type VirusTotalOptions } from "../fakes/virustotal.ts";
import { apiKey, attacker, kept, settings, startAnswering } from "./enrich-desk.ts";

const now = (): Date => t0;
const signal = AbortSignal.timeout(60_000);

/** What VirusTotal says of the key's quotas. */
function readQuota(provider: IntelProvider): Promise<readonly QuotaWindow[]> {
  return provider.readQuota?.(signal) ?? Promise.resolve([]);
}

async function startWith(options: Partial<VirusTotalOptions>) {
  return kept(startVirusTotal({ apiKey, addresses: {}, now, ...options }));
}

const day = { name: "day", limit: 500, left: 500, resetsAt: new Date("2026-11-22T00:00:00Z") };
const month = { name: "month", limit: 15_500, left: 15_500, resetsAt: new Date("2026-12-01T00:00:00Z") };

describe("VirusTotal's overall quotas", () => {
  test("tell what is left and when it begins anew, for nothing", async () => {
    const service = await startWith({});
    const provider = createVirusTotal(settings(service.url), { now });
    await provider.lookUp(attacker, signal);

    await expect(readQuota(provider)).resolves.toEqual([
      { name: "minute", limit: 4 },
      { ...day, left: 499 },
      { ...month, left: 15_499 },
    ]);
    await expect(readQuota(provider)).resolves.toContainEqual({ ...day, left: 499 });
  });

  test.each([
    ["2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"],
    ["2026-12-31T12:00:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
    ["2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z", "2028-03-01T00:00:00Z"],
  ])("at %s the day ends at %s and the month at %s", async (at, dayEnd, monthEnd) => {
    const { url } = await startWith({});
    const windows = await readQuota(createVirusTotal(settings(url), { now: () => new Date(at) }));

    expect(windows.map(({ resetsAt }) => resetsAt)).toEqual([
      undefined,
      new Date(dayEnd),
      new Date(monthEnd),
    ]);
  });

  test.each([
    [
      { allowed: 10_000, used: 9900 },
      { limit: 10_000, left: 100 },
    ],
    [
      { allowed: 100_000, used: 0 },
      { limit: 500, left: 500 },
    ],
    [
      { allowed: 300, used: 400 },
      { limit: 300, left: 0 },
    ],
  ])("of the key and its group %j the smaller counts: %j", async (group, expected) => {
    const { url } = await startWith({ group });

    await expect(readQuota(createVirusTotal(settings(url), { now }))).resolves.toContainEqual({
      ...day,
      ...expected,
    });
  });

  test.each([
    [
      { minute: 2, day: 300, month: 99_999 },
      { minute: 2, day: 300, month: 15_500 },
    ],
    [{ minute: 1000 }, { minute: 4, day: 500, month: 15_500 }],
  ])("the settings %j can lower what the plan allows, not raise it: %j", async (quota, limits) => {
    const { url } = await startWith({});

    const windows = await readQuota(createVirusTotal(settings(url, quota), { now }));

    expect(Object.fromEntries(windows.map(({ name, limit }) => [name, limit]))).toEqual(limits);
  });

  test.each([
    [{ data: {} }, []],
    [{ data: { api_requests_daily: { user: { allowed: 500, used: 41 } } } }, [{ ...day, left: 459 }]],
    [{ data: { api_requests_daily: { user: { allowed: "500" } }, api_requests_monthly: null } }, []],
    [{ data: { api_requests_hourly: { user: { allowed: 30, used: 0 } } } }, [{ name: "minute", limit: 1 }]],
  ])("%j may lack any part: %j", async (body, expected) => {
    const { url } = await startAnswering({ status: 200, body });

    await expect(readQuota(createVirusTotal(settings(url), { now }))).resolves.toEqual(expected);
  });

  test.each([
    [401, { error: { code: "WrongCredentialsError" } }, "PROVIDER_REFUSED_KEY"],
    [403, { error: { code: "ForbiddenError" } }, "PROVIDER_REJECTED"],
    [404, { error: { code: "NotFoundError" } }, "PROVIDER_REJECTED"],
    [429, { error: { code: "QuotaExceededError" } }, "PROVIDER_QUOTA_EXHAUSTED"],
    [503, "", "PROVIDER_UNAVAILABLE"],
    [200, "<html>", "PROVIDER_ANSWER_INVALID"],
    [302, "", "PROVIDER_ANSWER_INVALID"],
  ])("status %d with %j is %s, and the key in the path is shown nowhere", async (status, body, code) => {
    const service = await startAnswering({ status, body, headers: { Location: "/elsewhere" } });

    const error: unknown = await readQuota(createVirusTotal(settings(service.url), { now })).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toMatchObject({ code });
    expect(service.requests).toEqual([`/users/${apiKey}/overall_quotas`]);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(apiKey);
  });

  test("a service that is not there is unavailable, and the key in the path is shown nowhere", async () => {
    const service = await startWith({});
    await service.stop();

    const error: unknown = await readQuota(createVirusTotal(settings(service.url))).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE" });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(apiKey);
  });
});

describe("AbuseIPDB's headers", () => {
  const quotaOf = async (headers: Readonly<Record<string, string>>, perDay?: number) => {
    const body = { data: { ipAddress: attacker, abuseConfidenceScore: 0 } };
    const { url } = await startAnswering({ status: 200, body, headers });
    const provider = createAbuseIpdb(settings(url, perDay === undefined ? {} : { day: perDay }), { now });
    return (await provider.lookUp(attacker, signal)).quota;
  };

  test.each([
    [
      { "X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "998" },
      [{ name: "day", limit: 1000, left: 998 }],
    ],
    [
      { "X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795323600" },
      [{ name: "day", limit: 1000, left: 0, resetsAt: new Date(1_795_323_600_000) }],
    ],
    [{ "X-RateLimit-Limit": "1000" }, []],
    [{ "X-RateLimit-Limit": "many", "X-RateLimit-Remaining": "-1" }, []],
    [{}, []],
  ])("%j say %j", async (headers, quota) => {
    await expect(quotaOf(headers)).resolves.toEqual(quota);
  });

  test.each([
    [300, { limit: 300, left: 290 }],
    [5, { limit: 5, left: 0 }],
    [50_000, { limit: 1000, left: 990 }],
  ])("the setting %d can lower what the plan allows, not raise it: %j", async (perDay, expected) => {
    const headers = { "X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "990" };

    await expect(quotaOf(headers, perDay)).resolves.toEqual([{ name: "day", ...expected }]);
  });

  test("the end of its day is what the service says, when the budget is used up", async () => {
    const service = await kept(startAbuseIpdb({ apiKey, addresses: {}, quota: { check: 1 }, now }));
    const provider = createAbuseIpdb(settings(service.url), { now });
    await provider.lookUp(attacker, signal);

    await expect(provider.lookUp(attacker, signal)).rejects.toMatchObject({
      code: "PROVIDER_QUOTA_EXHAUSTED",
      retryAfterMs: 20 * 3_600_000,
    });
    expect(service.refused()).toBe(1);
    expect(service.asked.get(attacker)).toBe(1);
  });
});
