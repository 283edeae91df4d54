import { describe, expect, test } from "vitest";
import { createGreyNoise } from "../../src/enrich/greynoise/create-greynoise.ts";
import { type GreyNoiseReport, startGreyNoise } from "../fakes/greynoise.ts";
import { apiKey, attacker, kept, lookUp, settings, startAnswering } from "./enrich-desk.ts";

async function askGreyNoise(report: GreyNoiseReport) {
  const { url } = await kept(startGreyNoise({ apiKey, addresses: { [attacker]: report } }));
  return lookUp(createGreyNoise(settings(url)));
}

describe("GreyNoise", () => {
  test.each([
    [{ noise: true, classification: "malicious" }, { malicious: 1, noise: 1 }, []],
    [{ noise: true, classification: "unknown" }, { malicious: 0, noise: 1 }, []],
    [{ noise: true, classification: "benign" }, { malicious: 0, noise: 1 }, ["research-scanner"]],
    [
      { noise: false, riot: true, classification: "benign" },
      { malicious: 0, noise: 0 },
      ["business-service"],
    ],
    [
      { noise: true, riot: true, classification: "malicious" },
      { malicious: 1, noise: 1 },
      ["business-service"],
    ],
    [{ noise: true }, { noise: 1 }, []],
    [{ noise: true, fields: { classification: 5, name: {}, last_seen: 7 } }, { noise: 1 }, []],
  ] as const)("%j has the numbers %j and the hints %j", async (report, numbers, hints) => {
    await expect(askGreyNoise(report)).resolves.toMatchObject({ numbers, hints });
  });

  test("neither noise nor a service is nothing", async () => {
    await expect(askGreyNoise({ noise: false, riot: false })).resolves.toBeUndefined();
  });

  test("its facts are for people", async () => {
    const evidence = await askGreyNoise({
      noise: true,
      riot: true,
      classification: "benign",
      name: "Example Scanner",
      lastSeen: "2026-11-20",
    });

    expect(evidence?.facts).toEqual([
      ["Name", "Example Scanner"],
      ["Classification", "benign"],
      ["Last seen", "2026-11-20"],
      ["Business service", "yes"],
    ]);
    expect(evidence?.times).toEqual({ seen: new Date("2026-11-20T00:00:00.000Z") });
  });

  test("works without a key, and sends none then", async () => {
    const service = await kept(
      startGreyNoise({
        apiKey: null,
        addresses: { [attacker]: { noise: true, classification: "malicious" } },
      }),
    );
    const provider = createGreyNoise({ apiKey: null, url: service.url, quota: {} });

    await expect(lookUp(provider)).resolves.toMatchObject({ numbers: { malicious: 1 } });
    expect(service.headers[0]).not.toHaveProperty("key");
    expect(provider.keyId).toBe("keyless");
  });

  test.each([
    [401, { message: "unauthorized" }, "PROVIDER_REFUSED_KEY"],
    [403, "<html>", "PROVIDER_REFUSED_KEY"],
    [400, { message: "not routable" }, "PROVIDER_REJECTED"],
    [404, "<html>nginx</html>", "PROVIDER_ANSWER_INVALID"],
    [404, { message: "no such page" }, "PROVIDER_ANSWER_INVALID"],
    [404, { ip: "192.0.2.250", noise: false, riot: false }, "PROVIDER_ANSWER_INVALID"],
    [200, { ip: attacker, noise: "true", riot: false }, "PROVIDER_ANSWER_INVALID"],
    [200, {}, "PROVIDER_ANSWER_INVALID"],
    [500, "", "PROVIDER_UNAVAILABLE"],
    [304, "", "PROVIDER_ANSWER_INVALID"],
  ])("status %d with %j is %s", async (status, body, code) => {
    const { url } = await startAnswering({ status, body });

    await expect(lookUp(createGreyNoise(settings(url)))).rejects.toMatchObject({ code });
  });
});
