import { describe, expect, test } from "vitest";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();

async function load(yaml: string, env: Record<string, string> = {}) {
  desk.put("portcullis.yaml", yaml);
  return desk.load(env, { now: () => new Date("2026-11-20T12:00:00Z") });
}

const keys = { VIRUSTOTAL_API_KEY: "v-key", ABUSEIPDB_API_KEY: "a-key", GREYNOISE_API_KEY: "g-key" };
const greynoiseUrl = "https://api.greynoise.io";

describe("providers", () => {
  test("have what the plan of their key allows", async () => {
    const { config } = await load(
      "providers: { virustotal: { perMinute: 4, perHour: 240, perDay: 500, perMonth: 15500 }, greynoise: { perWeek: 50 } }",
      keys,
    );

    expect(config.virustotal?.quota).toEqual({ minute: 4, hour: 240, day: 500, month: 15_500 });
    expect(config.abuseipdb?.quota).toEqual({});
    expect(config.greynoise).toEqual({ apiKey: "g-key", url: greynoiseUrl, quota: { week: 50 } });
  });

  test("one that needs no key is asked when it is enabled", async () => {
    expect((await load("")).config.greynoise).toBeNull();
    expect((await load("providers: { greynoise: { perWeek: 50 } }")).config.greynoise).toBeNull();
    expect((await load("providers: { greynoise: { enabled: true } }")).config.greynoise).toEqual({
      apiKey: null,
      url: greynoiseUrl,
      quota: {},
    });
  });

  test("are not asked when they are disabled, whatever the key", async () => {
    const off = "{ enabled: false }";
    const { config } = await load(
      `providers: { virustotal: ${off}, abuseipdb: ${off}, greynoise: ${off} }`,
      keys,
    );

    expect([config.virustotal, config.abuseipdb, config.greynoise]).toEqual([null, null, null]);
    expect(config.lists.abuseipdbBlacklist).toBe(false);
  });
});

describe("lists", () => {
  test.each([
    ["", {}, "https://www.spamhaus.org/drop", false, []],
    ["", keys, "https://www.spamhaus.org/drop", true, []],
    ["lists: { spamhausDrop: false, abuseipdbBlacklist: false }", keys, null, false, []],
    [
      "lists: { abuseipdbBlacklist: true }",
      {},
      "https://www.spamhaus.org/drop",
      false,
      ["portcullis.yaml:1:30: lists.abuseipdbBlacklist: has no effect without ABUSEIPDB_API_KEY"],
    ],
  ])("%j", async (yaml, env, spamhausUrl, abuseipdbBlacklist, expected) => {
    const { config, warnings } = await load(yaml, env);

    expect(config.lists).toEqual({ spamhausUrl, abuseipdbBlacklist });
    expect(warnings).toEqual(expected);
  });
});

test("who else is protected", async () => {
  const { config } = await load(
    "protection: { crawlers: [bingbot, bingbot], cdns: [cloudflare, fastly], refreshCdns: false }",
  );

  expect(config.protection).toEqual({
    crawlers: ["bingbot"],
    cdns: ["cloudflare", "fastly"],
    refreshCdns: false,
  });
  expect((await load("protection: { crawlers: [] }")).config.protection.crawlers).toEqual([]);
});

test("findings are kept as long as they are told", async () => {
  const { config } = await load("findings: { keep: 30m, keepUnknown: 2h, keepFailed: 1m }");

  expect(config.findings).toEqual({ known: 1800, unknown: 7200, failed: 60 });
});

describe("the allow-list", () => {
  test("has entries with reason, owner and end beside networks alone", async () => {
    const { config, warnings } = await load(
      `allowlist:
  - 198.51.100.0/24
  - { network: 203.0.113.7, reason: "our scanner", owner: "red team", expires: 2027-01-31 }
  - { network: "2001:db8::/32", expires: 2026-11-20T13:30:00+01:00 }
  - 198.51.100.0/24
`,
      { ALLOWLIST: "192.0.2.1,192.0.2.1" },
    );

    const entry = { reason: "", owner: "", actor: "settings", createdAt: new Date("2026-11-20T12:00:00Z") };
    expect(warnings).toEqual([]);
    expect(config.allowlist).toEqual([
      { ...entry, id: "ALLOWLIST", prefix: "192.0.2.1/32", expiresAt: null },
      { ...entry, id: "file:portcullis.yaml:2:5", prefix: "198.51.100.0/24", expiresAt: null },
      {
        ...entry,
        id: "file:portcullis.yaml:3:5",
        prefix: "203.0.113.7/32",
        reason: "our scanner",
        owner: "red team",
        // The day that is named still counts.
        expiresAt: new Date("2027-02-01T00:00:00Z"),
      },
      {
        ...entry,
        id: "file:portcullis.yaml:4:5",
        prefix: "2001:db8::/32",
        expiresAt: new Date("2026-11-20T12:30:00Z"),
      },
    ]);
  });

  test("leaves out what has expired, and says so", async () => {
    const { config, warnings } = await load(
      "allowlist:\n  - { network: 203.0.113.7, expires: 2026-11-19 }\n  - { network: 203.0.113.8, expires: 2026-11-20 }",
    );

    expect(config.allowlist.map(({ prefix }) => prefix)).toEqual(["203.0.113.8/32"]);
    expect(warnings).toEqual([
      "portcullis.yaml:2:5: allowlist[0]: expired at 2026-11-20T00:00:00.000Z and has no effect any more",
    ]);
  });

  test("warns of an entry for everybody", async () => {
    const { warnings } = await load('allowlist: [0.0.0.0/0, { network: "::/0" }]');

    expect(warnings).toEqual([
      "portcullis.yaml:1:13: allowlist[0]: holds every address of its family, so none of them can be blocked, and every block of them that stands is lifted at the start",
      "portcullis.yaml:1:24: allowlist[1]: holds every address of its family, so none of them can be blocked, and every block of them that stands is lifted at the start",
    ]);
  });
});
