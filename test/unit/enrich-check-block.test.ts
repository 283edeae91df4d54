import { describe, expect, test } from "vitest";
import { createAbuseIpdb } from "../../src/enrich/abuseipdb/create-abuseipdb.ts";
import type { NetworkLookUp } from "../../src/ports.ts";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { ip, prefix, t0 } from "../fakes/samples.ts";
import { apiKey, attacker, kept, settings, startAnswering } from "./enrich-desk.ts";

const network = prefix("203.0.113.0/24");
const neighbour = ip("203.0.113.46");
const signal = AbortSignal.timeout(60_000);

const addresses = {
  [attacker]: { score: 87, reports: 41, reporters: 12, country: "DE" },
  [neighbour]: { score: 0, reports: 2, reporters: 1 },
  "203.0.113.47": { score: 0, reports: 0, reporters: 0 },
  "198.51.100.1": { score: 100, reports: 9, reporters: 9 },
};

function networkOf(url: string): NetworkLookUp {
  const { network: lookUp } = createAbuseIpdb(settings(url, { day: 5 }), { now: () => t0 });
  if (lookUp === undefined) {
    throw new Error("it looks no networks up");
  }
  return lookUp;
}

/** An answer about the network with these addresses. */
function answering(reportedAddress: unknown, networkAddress: unknown = "203.0.113.0") {
  return startAnswering({ status: 200, body: { data: { networkAddress, reportedAddress } } });
}

const reported = { ipAddress: attacker, numReports: 3, abuseConfidenceScore: 50 };

describe("a look-up of a whole network", () => {
  test("tells everybody in it who was reported, and says that it is not all", async () => {
    const service = await kept(startAbuseIpdb({ apiKey, addresses, quota: { network: 100 } }));

    const { value, quota } = await networkOf(service.url).lookUp(network, signal);

    expect([...value.keys()]).toEqual([attacker, neighbour]);
    expect(value.get(attacker)).toEqual({
      numbers: { score: 87, reports: 41 },
      times: { reported: new Date("2025-10-09T08:55:14.000Z") },
      hints: [],
      asn: null,
      facts: [
        ["Last reported", "2025-10-09T08:55:14+00:00"],
        ["Country", "DE"],
        ["Found by a look-up of", "203.0.113.0/24"],
      ],
      link: "https://www.abuseipdb.com/check/203.0.113.45",
      isPartial: true,
    });
    expect(quota).toEqual([{ name: "day", limit: 100, left: 99 }]);
    expect(service.requests).toEqual(["/api/v2/check-block?network=203.0.113.0%2F24&maxAgeInDays=30"]);
    expect(service.askedNetworks.get(network)).toBe(1);
  });

  test("has a budget of its own, which the settings for single look-ups do not change", () => {
    const lookUp = networkOf("http://127.0.0.1:1");

    expect(lookUp.quota).toEqual([{ name: "day", limit: 100 }]);
    expect(lookUp.terms).toEqual({ numbers: ["score", "reports"], times: ["reported"] });
  });

  test.each([
    [402, "PROVIDER_REJECTED"],
    [401, "PROVIDER_REFUSED_KEY"],
    [429, "PROVIDER_QUOTA_EXHAUSTED"],
    [500, "PROVIDER_UNAVAILABLE"],
  ])("status %d is %s", async (status, code) => {
    const { url } = await startAnswering({ status, body: { errors: [] } });

    await expect(networkOf(url).lookUp(network, signal)).rejects.toMatchObject({ code });
  });

  test("a network that the plan does not include is no fault of the key", async () => {
    const { url } = await kept(startAbuseIpdb({ apiKey, addresses }));

    await expect(networkOf(url).lookUp(prefix("203.0.112.0/20"), signal)).rejects.toMatchObject({
      code: "PROVIDER_REJECTED",
    });
  });

  test.each([
    ["no list", null, undefined],
    ["an address elsewhere", [{ ...reported, ipAddress: "198.51.100.1" }], undefined],
    ["no address", [{ ...reported, ipAddress: "somebody" }], undefined],
    ["no score", [{ ...reported, abuseConfidenceScore: undefined }], undefined],
    ["a score too high", [{ ...reported, abuseConfidenceScore: 101 }], undefined],
    ["another network", [reported], "198.51.100.0"],
  ])("%s is a wrong answer, because who is absent counts as unknown", async (_name, list, start) => {
    const { url } = await answering(list, start);

    await expect(networkOf(url).lookUp(network, signal)).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
    });
  });

  test("what only people read may be absent", async () => {
    const { url } = await answering([{ ...reported, numReports: null, mostRecentReport: 5 }]);

    const { value } = await networkOf(url).lookUp(network, signal);

    expect(value.get(attacker)).toMatchObject({ numbers: { score: 50 }, times: {} });
  });
});
