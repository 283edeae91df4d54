import { describe, expect, test } from "vitest";
import { createAbuseIpdbBlacklist } from "../../src/enrich/abuseipdb/create-blacklist.ts";
import { createCdnList } from "../../src/enrich/cdn-lists/create-cdn-list.ts";
import { createSpamhausDrop } from "../../src/enrich/spamhaus-drop/create-spamhaus-drop.ts";
import type { DownloadedList, PrefixListSource } from "../../src/ports.ts";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { startCdn } from "../fakes/cdn.ts";
import type { Failure, StandIn } from "../fakes/intel-stand-in.ts";
import { t0 } from "../fakes/samples.ts";
import { dropText, manyNetworks, type SpamhausLists, startSpamhaus } from "../fakes/spamhaus.ts";
import { apiKey, attacker, kept, settings, startAnswering } from "./enrich-desk.ts";

const signal = AbortSignal.timeout(60_000);
const now = (): Date => t0;
const lists: SpamhausLists = { v4: ["198.51.100.0/24", "203.0.113.0/24"], v6: ["2001:db8::/32"] };
const cdn = { ipv4: ["104.16.0.0/13", "103.21.244.0/22"], ipv6: ["2606:4700::/32"] };

interface Kind {
  readonly name: string;
  readonly start: () => Promise<StandIn>;
  readonly create: (url: string) => PrefixListSource | undefined;
  readonly networks: readonly string[];
  readonly path: string;
}

const kinds: readonly Kind[] = [
  {
    name: "spamhaus-drop-v4",
    start: () => startSpamhaus(lists),
    create: (url) => createSpamhausDrop(url, { now })[0],
    networks: lists.v4,
    path: "/drop/drop_v4.json",
  },
  {
    name: "spamhaus-drop-v6",
    start: () => startSpamhaus(lists),
    create: (url) => createSpamhausDrop(url, { now })[1],
    networks: lists.v6,
    path: "/drop/drop_v6.json",
  },
  {
    name: "cloudflare",
    start: () => startCdn(cdn),
    create: (url) => createCdnList("cloudflare", { url: `${url}/client/v4`, now }),
    networks: [...cdn.ipv4, ...cdn.ipv6],
    path: "/client/v4/ips",
  },
  {
    name: "fastly",
    start: () => startCdn(cdn),
    create: (url) => createCdnList("fastly", { url, now }),
    networks: [...cdn.ipv4, ...cdn.ipv6],
    path: "/public-ip-list",
  },
  {
    name: "abuseipdb-blacklist",
    start: () => startAbuseIpdb({ apiKey, addresses: {}, blacklist: [{ ip: attacker }], now }),
    create: (url) => createAbuseIpdbBlacklist(settings(url), { now }),
    networks: ["203.0.113.45/32"],
    path: "/api/v2/blacklist?confidenceMinimum=100&limit=10000",
  },
];

describe.each(kinds)("the list $name", (kind) => {
  async function begin() {
    const service = await kept(kind.start());
    const source = kind.create(service.url);
    if (source === undefined) {
      throw new Error("there is no such list");
    }
    return { service, source };
  }

  test("is downloaded as a whole, with one request", async () => {
    const { service, source } = await begin();

    const list = await source.download(null, signal);

    expect(source.name).toBe(kind.name);
    expect(list).not.toBe("unchanged");
    expect(networksOf(list)).toEqual(kind.networks);
    expect(service.requests).toEqual([kind.path]);
    expect(source.refreshSeconds).toBeGreaterThanOrEqual(3600);
    expect(source.usableSeconds).toBeGreaterThan(source.refreshSeconds);
    expect(source.leastEntries).toBeGreaterThan(1);
  });

  test.each([
    ["wrong-key", /^PROVIDER_(?:REFUSED_KEY|REJECTED)$/],
    ["quota", /^PROVIDER_QUOTA_EXHAUSTED$/],
    ["quota-as-html", /^PROVIDER_QUOTA_EXHAUSTED$/],
    ["transient", /^PROVIDER_UNAVAILABLE$/],
    ["rejected", /^PROVIDER_REJECTED$/],
    ["cut", /^PROVIDER_UNAVAILABLE$/],
    ["html", /^PROVIDER_ANSWER_INVALID$/],
    ["truncated", /^PROVIDER_ANSWER_INVALID$/],
    ["endless", /^PROVIDER_ANSWER_INVALID$/],
  ] as const)("that comes %s is an error", async (failure: Failure, code) => {
    const { service, source } = await begin();
    service.failNext(failure);

    await expect(source.download(null, signal)).rejects.toMatchObject({ code: expect.stringMatching(code) });
    expect(service.sent.bytes).toBeLessThan(20 * 1024 * 1024);
  });

  test("that is told to come later says when", async () => {
    const { service, source } = await begin();
    service.failNext("quota-with-retry-after");

    await expect(source.download(null, signal)).rejects.toMatchObject({
      retryAfterMs: expect.any(Number),
    });
  });

  test("is not downloaded again while its version is the same, if it has one", async () => {
    const { service, source } = await begin();
    const first = await source.download(null, signal);
    const etag = first === "unchanged" ? null : first.etag;

    const second = await source.download(etag, signal);

    expect(second === "unchanged").toBe(kind.name !== "abuseipdb-blacklist");
    expect(service.requests).toHaveLength(2);
  });

  test("304 is an error when no version was named", async () => {
    const { url } = await startAnswering({ status: 304, body: "" });

    await expect(kind.create(url)?.download(null, signal)).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
    });
  });
});

function networksOf(list: "unchanged" | DownloadedList | undefined): readonly string[] {
  return list === "unchanged" || list === undefined ? [] : list.networks.map(({ prefix }) => prefix);
}

describe("Spamhaus DROP", () => {
  async function read(text: string): Promise<"unchanged" | DownloadedList | undefined> {
    const { url } = await kept(startSpamhaus({ ...lists, text }));
    return createSpamhausDrop(url)[0]?.download(null, signal);
  }

  test("keeps each network's record and the list's time", async () => {
    const list = await read(dropText(lists.v4));

    expect(list).toMatchObject({
      version: "2026-11-20T06:00:00.000Z",
      networks: [{ note: "SBL100000" }, { note: "SBL100001" }],
    });
  });

  test.each([
    ["no network", '{"sblid":"SBL1"}'],
    ["host bits", '{"cidr":"203.0.113.7/24","sblid":"SBL1"}'],
    ["everybody", '{"cidr":"0.0.0.0/0","sblid":"SBL1"}'],
    ["everybody", '{"cidr":"::/0","sblid":"SBL1"}'],
    ["no JSON", "203.0.113.0/24 ; SBL1"],
    ["a list", "[]"],
  ])("leaves out one wrong line in a hundred, but not two: %s", async (_name, wrong) => {
    const good = manyNetworks(99).map((cidr) => JSON.stringify({ cidr, sblid: "SBL2" }));

    await expect(read([...good, wrong].join("\n")).then(networksOf)).resolves.toHaveLength(99);
    await expect(read([...good, wrong, wrong].join("\n"))).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      message: "Spamhaus DROP: the answer has 2 wrong lines out of 101",
    });
  });

  test("a list that was cut between two lines is not the list", async () => {
    const [first = "", ...others] = dropText(manyNetworks(100)).split("\n");

    await expect(read(others.join("\n"))).rejects.toMatchObject({ code: "PROVIDER_ANSWER_INVALID" });
    await expect(read([first, ...others].join("\n")).then(networksOf)).resolves.toHaveLength(100);
  });

  test("without its last line it is taken, without a time; twice the same network is one", async () => {
    const line = '{"cidr":"203.0.113.0/24","sblid":"SBL1","rir":"arin"}';

    await expect(read(`${line}\r\n\r\n${line}\r\n`)).resolves.toMatchObject({
      version: "",
      networks: [{ prefix: "203.0.113.0/24", note: "SBL1" }],
    });
  });

  test("a note is one short line", async () => {
    const sblid = `SBL1\n203.0.113.0/24\u2028${"x".repeat(500)}`;
    const list = await read(JSON.stringify({ cidr: "198.51.100.0/24", sblid }));

    const notes = list === "unchanged" ? [] : (list?.networks ?? []).map(({ note }) => note);
    expect(notes[0]).toMatch(/^SBL1 203\.0\.113\.0\/24 x+$/);
    expect(notes[0]).toHaveLength(100);
  });
});

describe("AbuseIPDB's blacklist", () => {
  const entry = {
    ipAddress: "203.0.113.45",
    abuseConfidenceScore: 100,
    lastReportedAt: "2026-11-19T20:55:14+00:00",
  };

  async function read(data: unknown, meta: unknown = { generatedAt: "2026-11-20T00:00:00+00:00" }) {
    const { url } = await startAnswering({ status: 200, body: { meta, data } });
    return createAbuseIpdbBlacklist(settings(url)).download(null, signal);
  }

  test("keeps each address's score and last report, and when the list was made", async () => {
    await expect(
      read([entry, { ...entry, ipAddress: "2001:DB8::1", abuseConfidenceScore: 99, lastReportedAt: null }]),
    ).resolves.toEqual({
      etag: null,
      version: "2026-11-20T00:00:00.000Z",
      networks: [
        { prefix: "203.0.113.45/32", note: "100,2026-11-19T20:55:14.000Z" },
        { prefix: "2001:db8::1/128", note: "99," },
      ],
    });
  });

  test.each([
    { ...entry, ipAddress: "203.0.113.0/24" },
    { ...entry, ipAddress: "attacker.example" },
    { ...entry, abuseConfidenceScore: 101 },
    { ...entry, abuseConfidenceScore: "100" },
    "203.0.113.45",
  ])("an entry like %j is wrong", async (wrong) => {
    const good = manyNetworks(99).map((network) => ({ ...entry, ipAddress: network.slice(0, -3) }));

    await expect(read([...good, wrong]).then(networksOf)).resolves.toHaveLength(99);
    await expect(read([...good, wrong, wrong])).rejects.toMatchObject({ code: "PROVIDER_ANSWER_INVALID" });
  });
});

describe("the lists of CDNs", () => {
  test.each([["0.0.0.0/0"], ["104.0.0.0/9"], ["::/0"], ["104.16.0.1/13"], ["everywhere"]])(
    "are not believed when one entry is %s: whoever is in them can't be blocked",
    async (network) => {
      const service = await kept(startCdn({ ...cdn, ipv4: [...cdn.ipv4, network] }));

      for (const source of [
        createCdnList("cloudflare", { url: `${service.url}/client/v4` }),
        createCdnList("fastly", { url: service.url }),
      ]) {
        await expect(source.download(null, signal)).rejects.toMatchObject({
          code: "PROVIDER_ANSWER_INVALID",
        });
      }
    },
  );

  test("an answer that says it failed is none", async () => {
    const { url } = await startAnswering({
      status: 200,
      body: { success: false, result: { ipv4_cidrs: cdn.ipv4, ipv6_cidrs: cdn.ipv6 } },
    });

    await expect(createCdnList("cloudflare", { url }).download(null, signal)).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
    });
  });
});
