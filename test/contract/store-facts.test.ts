import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/domain/finding.ts";
import { type IpPrefix, prefixContains, prefixOf } from "../../src/domain/ip-address.ts";
import type { Store } from "../../src/ports.ts";
import { factsAbout, findingsOf, saveFinding, standingOf } from "../fakes/facts.ts";
import { after, ip, prefix, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const address = ip("203.0.113.9");

const known: Finding & { status: "known" } = {
  status: "known",
  provider: "virustotal",
  ip: address,
  foundAt: t0,
  expiresAt: after(60),
  evidence: {
    numbers: { malicious: 8, suspicious: 0, ratio: 0.5, reputation: -12 },
    times: { analysed: after(-86_400), reported: new Date(1) },
    hints: ["tor", "business-service"],
    asn: 64_500,
    facts: [
      ["Network", "203.0.113.0/24"],
      ["Owner", "<b>\0\ud800"],
    ],
    link: "https://www.virustotal.com/gui/ip-address/203.0.113.9",
    isPartial: true,
  },
};
const about = { ip: address, foundAt: t0, expiresAt: after(30) };
const unknown: Finding = { ...about, status: "unknown", provider: "abuseipdb", reason: "never reported" };
const failed: Finding = { ...about, status: "failed", provider: "greynoise", reason: "answers with HTML" };

describeStore("what the store knows about addresses", (engine) => {
  test("every address that was asked about is in the answer, in whatever form it is", async () => {
    const store = await newStore(engine);
    const ips = [address, ip("2001:db8::1"), ip("0.0.0.0"), ip("255.255.255.255"), ip("::")];

    const facts = await store.factsOf(ips, { mode: "enforce", now: t0, windows: [600] });

    expect([...facts.keys()]).toEqual(ips);
    expect(facts.get(address)).toEqual({
      standing: { block: null, heldUntil: null, graceUntil: null },
      findings: [],
      activity: [{ seconds: 600, events: 0 }],
      offences: [],
    });
    expect(await store.factsOf([], { mode: "enforce", now: t0, windows: [] })).toEqual(new Map());
  });

  describe("findings", () => {
    test("of all kinds come back as they were, also when they have expired", async () => {
      const store = await newStore(engine);
      for (const finding of [known, failed, unknown]) {
        await saveFinding(store, finding);
      }

      expect(await findingsOf(store, address)).toEqual([unknown, failed, known]);
      expect((await factsAbout(store, address, { now: after(9999) })).findings).toHaveLength(3);
      expect(await findingsOf(store, ip("203.0.113.10"))).toEqual([]);
    });

    test("a newer one replaces an older one, never the other way round", async () => {
      const store = await newStore(engine);
      const newer = { ...failed, provider: known.provider, foundAt: after(10), expiresAt: after(90) };
      const older = { ...newer, foundAt: after(5), reason: "older" };
      await saveFinding(store, known);

      await store.finishLookUps({
        provider: known.provider,
        findings: [newer, older],
        dropped: [],
        now: after(10),
      });
      await saveFinding(store, known);

      expect(await findingsOf(store, address)).toEqual([newer]);
    });

    test("one from a moment that is still to come counts as older: the clock was wrong then", async () => {
      const store = await newStore(engine);
      const found = (seconds: number): Finding => ({
        ...unknown,
        foundAt: after(seconds),
        expiresAt: after(99_999),
      });
      await saveFinding(store, found(86_400));

      await saveFinding(store, found(0));
      expect(await findingsOf(store, address)).toEqual([found(0)]);
      // A little ahead is another replica's clock.
      await saveFinding(store, found(300));
      await saveFinding(store, found(0));
      expect(await findingsOf(store, address)).toEqual([found(300)]);
    });

    test("a hint that this version does not know is dropped", async () => {
      const databaseUrl = await engine.newDatabase();
      const store = await engine.open(databaseUrl);
      await saveFinding(store, known);

      await engine.tamper(
        databaseUrl,
        `update findings set finding = replace(finding, '"tor"', '"moon-base"')`,
      );

      expect(await findingsOf(store, address)).toMatchObject([{ evidence: { hints: ["business-service"] } }]);
    });
  });

  test("events are counted over all alerts, for each window", async () => {
    const store = await newStore(engine);
    const sight = (alertId: string, count: number, seconds: number) =>
      store.recordSightings(alertId, [{ ip: address, count, fields: [], severity: null }], after(seconds));
    await sight("al_1", 1, -601);
    await sight("al_2", 20, -600);
    await sight("al_3", 300, -599);
    await sight("al_4", 4000, 0);

    const { activity } = await factsAbout(store, address, { windows: [600, 60, 3600] });

    expect(activity).toEqual([
      { seconds: 600, events: 4300 },
      { seconds: 60, events: 4000 },
      { seconds: 3600, events: 4321 },
    ]);
    expect((await factsAbout(store, ip("203.0.113.8"), { windows: [60] })).activity).toEqual([
      { seconds: 60, events: 0 },
    ]);
  });

  describe("what stands", () => {
    test("is found by networks of any width, for a whole batch", async () => {
      const store = await newStore(engine);
      const networks = [
        "198.51.100.7/32",
        "198.51.100.8/31",
        "198.51.100.128/25",
        "203.0.112.0/21",
        "100.64.0.0/10",
        "240.0.0.0/4",
        "2001:db8::5/128",
        "2001:db8:0:1::/64",
        "2001:db8:8000::/33",
        "4000::/2",
      ].map(prefix);
      for (const [n, network] of networks.entries()) {
        await block(store, `de_${n}`, network);
      }
      const ips = [
        ["198.51.100.6", "198.51.100.7", "198.51.100.8", "198.51.100.9", "198.51.100.127", "198.51.100.128"],
        [
          "203.0.111.255",
          "203.0.112.0",
          "203.0.119.255",
          "100.127.255.255",
          "100.128.0.0",
          "127.255.255.255",
        ],
        ["128.0.0.0", "255.255.255.255", "0.0.0.0", "2001:db8::4", "2001:db8::5", "2001:db8:0:1::ffff"],
        ["2001:db8:0:2::", "2001:db8:7fff::", "2001:db8:ffff::1", "7fff::1", "8000::", "::"],
      ]
        .flat()
        .map(ip);

      const facts = await store.factsOf(ips, { mode: "enforce", now: after(1), windows: [] });

      const blocked = ips.filter((one) => facts.get(one)?.standing.block !== null);
      expect(blocked).toEqual(ips.filter((one) => networks.some((network) => prefixContains(network, one))));
      expect(blocked).toHaveLength(12);
      for (const one of blocked) {
        const covering = facts.get(one)?.standing.block?.prefix;
        expect(covering !== undefined && prefixContains(covering, one)).toBe(true);
      }
    });

    test("one block for all groups goes before one that ends later, and that before others", async () => {
      const store = await newStore(engine);
      await block(store, "de_1", prefix("203.0.113.9/32"), { groups: ["edge"], until: 9000 });
      await block(store, "de_2", prefix("203.0.113.8/31"), { until: 3000 });
      await block(store, "de_3", prefix("203.0.113.0/24"), { until: 5000 });

      const decisionAt = async (seconds: number) =>
        (await standingOf(store, address, "enforce", after(seconds))).block?.decisionId;

      expect(await decisionAt(1)).toBe("de_3");
      expect(await decisionAt(5000)).toBe("de_1");
      expect(await decisionAt(9000)).toBeUndefined();
    });

    test("is only what counts for these addresses, holds and graces too", async () => {
      const store = await newStore(engine);
      await block(store, "de_1", prefix("203.0.112.0/23"));
      await store.liftBlocks(prefix("203.0.113.0/24"), {
        actor: "alice",
        reason: "ours",
        now: after(10),
        graceUntil: after(500),
      });
      await store.recordDecision(
        recordOf(sampleDecision("de_2", { ip: ip("198.51.100.1"), action: "hold", expiresAt: after(900) })),
      );

      const ips = ["203.0.113.9", "203.0.112.9", "198.51.100.1", "198.51.100.2"].map(ip);
      const facts = await store.factsOf(ips, { mode: "enforce", now: after(20), windows: [] });

      expect(ips.map((one) => facts.get(one)?.standing)).toEqual([
        { block: null, heldUntil: null, graceUntil: after(500), letOut: "203.0.113.0/24" },
        { block: null, heldUntil: null, graceUntil: null },
        { block: null, heldUntil: after(900), graceUntil: null },
        { block: null, heldUntil: null, graceUntil: null },
      ]);
    });
  });

  describe("offences", () => {
    const offencesAt = async (store: Store, seconds: number, mode: "enforce" | "observe" = "enforce") =>
      (await factsAbout(store, address, { now: after(seconds), mode })).offences;

    test("are earlier blocks that are over, of any width, oldest first, in their mode", async () => {
      const store = await newStore(engine);
      await block(store, "de_1", prefixOf(address), { from: 0, until: 100 });
      await block(store, "de_2", prefix("203.0.113.0/24"), { from: 200, until: 300 });
      await block(store, "de_3", prefixOf(address), { from: 400, until: 500 });
      await block(store, "de_4", prefixOf(ip("203.0.113.10")), { from: 0, until: 100 });

      expect(await offencesAt(store, 499)).toEqual([
        { from: after(0), until: after(100) },
        { from: after(200), until: after(300) },
      ]);
      expect(await offencesAt(store, 500)).toHaveLength(3);
      expect(await offencesAt(store, 500, "observe")).toEqual([]);
    });

    test("a block that another one took the place of counts with that one", async () => {
      const store = await newStore(engine);
      await block(store, "de_1", prefixOf(address), { from: 0, until: 100, groups: ["edge"] });
      await block(store, "de_2", prefixOf(address), { from: 50, until: 150, groups: ["dmz"] });

      expect(await offencesAt(store, 149)).toEqual([]);
      expect(await offencesAt(store, 150)).toEqual([{ from: after(0), until: after(150) }]);
    });

    test("blocks that were in force at the same time count once", async () => {
      const store = await newStore(engine);
      await block(store, "de_1", prefixOf(address), { from: 0, until: 100 });
      await block(store, "de_2", prefix("203.0.113.0/24"), { from: 50, until: 150 });
      await block(store, "de_3", prefix("203.0.113.0/25"), { from: 60, until: 70 });

      expect(await offencesAt(store, 200)).toEqual([{ from: after(0), until: after(150) }]);
    });

    test("one that a person lifted does not count, nor what it took the place of", async () => {
      const store = await newStore(engine);
      await block(store, "de_1", prefixOf(address), { from: 0, until: 100, groups: ["edge"] });
      await block(store, "de_2", prefixOf(address), { from: 50, until: 150, groups: ["dmz"] });
      const lift = { actor: "alice", reason: "wrong", now: after(60), graceUntil: after(60) };
      await store.liftBlocks(prefixOf(address), lift);

      expect(await offencesAt(store, 500)).toEqual([]);
    });

    test("are the newest hundred", async () => {
      const store = await newStore(engine);
      for (let n = 0; n < 103; n += 1) {
        await block(store, `de_${n}`, prefixOf(address), { from: n * 10, until: n * 10 + 5 });
      }

      const offences = await offencesAt(store, 9999);

      expect(offences).toHaveLength(100);
      expect(offences[0]).toEqual({ from: after(30), until: after(35) });
    });
  });
});

interface Span {
  readonly from?: number;
  readonly until?: number;
  readonly groups?: readonly string[];
}

async function block(
  store: Store,
  id: string,
  network: IpPrefix,
  { from = 0, until = 3600, groups }: Span = {},
): Promise<void> {
  const decision = sampleDecision(id, {
    ip: ip(network.slice(0, network.indexOf("/"))),
    decidedAt: after(from),
    expiresAt: after(until),
  });
  const { action } = await store.recordDecision(
    recordOf(decision, { prefix: network, groups: groups ?? null, firewalls: [], notifications: [] }),
  );
  expect(action).toBe("block");
}
