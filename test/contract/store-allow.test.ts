import { describe, expect, test } from "vitest";
import type { AllowEntry } from "../../src/domain/allow-entry.ts";
import type { Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

function sampleEntry(id: string, network: string, changes: Partial<AllowEntry> = {}): AllowEntry {
  return {
    id,
    prefix: prefix(network),
    reason: "our scanner",
    owner: "netops",
    actor: "alice",
    createdAt: after(10),
    expiresAt: null,
    ...changes,
  };
}

/** Blocks these networks, one after the other. */
async function block(store: Store, networks: readonly string[], mode: "enforce" | "observe" = "enforce") {
  for (const [index, network] of networks.entries()) {
    const decision = sampleDecision(`de_${network}_${mode}`, { mode, decidedAt: after(index / 1000) });
    await store.recordDecision(recordOf(decision, { prefix: prefix(network) }));
  }
}

const standing = async (store: Store, now = after(20)) => {
  const { blocks } = await store.listBlocks({ standingOnly: true, limit: 999, cursor: null, now });
  return blocks.map((report) => `${report.block.prefix} ${report.block.mode}`).toSorted();
};

const kinds = async (store: Store) =>
  (await store.receiptsAfter(0, 999)).receipts.map(
    ({ kind, subject, actor }) => `${kind} ${subject} ${actor}`,
  );

describeStore("the store's allow-list", (engine) => {
  test("an entry comes back until it expires or is removed", async () => {
    const store = await newStore(engine);
    const always = sampleEntry("aw_1", "198.51.100.0/24");
    const until = sampleEntry("aw_2", "2001:db8::/32", { createdAt: after(11), expiresAt: after(60) });
    await store.addAllowEntry(always);
    await store.addAllowEntry(until);

    expect(await store.allowEntries(after(59))).toEqual([always, until]);
    expect(await store.allowEntries(after(60))).toEqual([always]);
    const act = { actor: "bob", reason: "sold", now: after(70) };
    expect(await store.removeAllowEntry("aw_1", act)).toEqual(always);
    expect(await store.removeAllowEntry("aw_1", act)).toBeUndefined();
    expect(await store.removeAllowEntry("aw_9", act)).toBeUndefined();
    expect(await store.allowEntries(after(59))).toEqual([until]);
    expect(await kinds(store)).toEqual([
      "allow 198.51.100.0/24 alice",
      "allow 2001:db8::/32 alice",
      "disallow 198.51.100.0/24 bob",
    ]);
  });

  describe("adding one lifts at once", () => {
    const networks = [
      "203.0.113.9/32",
      "203.0.113.0/24",
      "203.0.113.200/32",
      "203.0.112.0/22",
      "203.1.0.1/32",
      "198.51.100.1/32",
      "2001:db8:0:1::/64",
      "2001:db8:0:1::7/128",
      "2001:db9::1/128",
    ];
    test.each([
      ["203.0.113.9/32", ["203.0.112.0/22", "203.0.113.0/24", "203.0.113.9/32"]],
      ["203.0.113.0/24", ["203.0.112.0/22", "203.0.113.0/24", "203.0.113.200/32", "203.0.113.9/32"]],
      [
        "203.0.0.0/8",
        ["203.0.112.0/22", "203.0.113.0/24", "203.0.113.200/32", "203.0.113.9/32", "203.1.0.1/32"],
      ],
      ["203.0.115.255/32", ["203.0.112.0/22"]],
      ["2001:db8::/32", ["2001:db8:0:1::/64", "2001:db8:0:1::7/128"]],
      ["2001:db8:0:1::8/128", ["2001:db8:0:1::/64"]],
      ["::/0", ["2001:db8:0:1::/64", "2001:db8:0:1::7/128", "2001:db9::1/128"]],
      ["192.0.2.0/24", []],
      ["100.64.0.0/10", []],
    ])("what shares an address with %s, and nothing else", async (network, expected) => {
      const store = await newStore(engine);
      await block(store, networks);
      const before = await standing(store);

      const lifted = await store.addAllowEntry(sampleEntry("aw_1", network));

      expect(lifted.map((one) => one.prefix).toSorted()).toEqual(expected.toSorted());
      const gone = new Set<string>(expected.map((one) => `${one} enforce`));
      expect(await standing(store)).toEqual(before.filter((one) => !gone.has(one)));
    });

    test("in every mode, with who and why, and takes it off every firewall", async () => {
      const store = await newStore(engine);
      await block(store, ["203.0.113.9/32"]);
      await block(store, ["203.0.113.9/32"], "observe");

      const lifted = await store.addAllowEntry(sampleEntry("aw_1", "203.0.113.9/32", { reason: "ours\0" }));

      expect(lifted.map(({ mode }) => mode).toSorted()).toEqual(["enforce", "observe"]);
      const reports = await store.blocksOn(prefix("203.0.113.9/32"), after(20));
      for (const report of reports) {
        expect(report).toMatchObject({
          state: "lifted",
          endedAt: after(10),
          lifted: { actor: "alice", reason: "allow-list: ours\u{FFFD}" },
        });
      }
      const changes = await store.requestedChanges("edge-1", { now: after(20), limit: 9 });
      expect(changes).toMatchObject([{ prefix: "203.0.113.9/32", kind: "remove" }]);
      expect((await kinds(store)).slice(-2)).toEqual([
        "allow 203.0.113.9/32 alice",
        "lift 203.0.113.9/32 alice",
      ]);
    });

    test("also what stands since the moment at which it is added, and not what has ended", async () => {
      const store = await newStore(engine);
      const ended = sampleDecision("de_1", { expiresAt: after(10) });
      const fresh = sampleDecision("de_2", { ip: ip("203.0.113.10"), decidedAt: after(10) });
      await store.recordDecision(recordOf(ended));
      await store.recordDecision(recordOf(fresh));

      const lifted = await store.addAllowEntry(sampleEntry("aw_1", "203.0.0.0/16"));

      expect(lifted).toMatchObject([{ decisionId: "de_2" }]);
    });
  });

  test("what waits for a person there waits no more", async () => {
    const store = await newStore(engine);
    for (const address of ["203.0.113.9", "198.51.100.1"]) {
      const decision = sampleDecision(`de_${address}`, { ip: ip(address), action: "hold" });
      await store.recordDecision(recordOf(decision));
    }

    await store.addAllowEntry(sampleEntry("aw_1", "203.0.113.0/24"));

    expect((await store.counts(after(20))).holdsWaiting).toBe(1);
    expect(await store.hold("de_203.0.113.9", after(20))).toMatchObject({
      state: "superseded",
      actor: "alice",
      reason: "allow-list: our scanner",
    });
    expect(await store.hold("de_198.51.100.1", after(20))).toMatchObject({ state: "waiting" });
  });

  test("of a block and an entry at the same moment, no block is left", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const addresses = Array.from({ length: 20 }, (_, n) => `203.0.113.${n + 1}`);

    await Promise.all(
      addresses.flatMap((address, n) => [
        a.recordDecision(
          recordOf(sampleDecision(`de_${address}`, { ip: ip(address), decidedAt: after(10) })),
        ),
        b.addAllowEntry(sampleEntry(`aw_${n}`, `${address}/32`)),
      ]),
    );

    expect(await standing(a)).toEqual([]);
  });

  test("a damaged entry is left out", async () => {
    const databaseUrl = await engine.newDatabase();
    const warnings: object[] = [];
    const store = await engine.open(databaseUrl, { warn: (fields) => warnings.push(fields) });
    await store.addAllowEntry(sampleEntry("aw_1", "203.0.113.0/24"));
    await store.addAllowEntry(sampleEntry("aw_2", "198.51.100.0/24"));
    await engine.tamper(databaseUrl, "update allow_entries set prefix = 'nowhere' where id = 'aw_1'");

    expect(await store.allowEntries(t0)).toMatchObject([{ id: "aw_2" }]);
    expect(warnings).toEqual([{ table: "allow_entries", id: "aw_1", column: "prefix" }]);
  });
});

describeStore("the store's protected networks", (engine) => {
  const named = (network: string, why = `${network} is ours`) => ({ prefix: prefix(network), why });

  test("blocks on them are lifted with the reason, others stand", async () => {
    const store = await newStore(engine);
    await block(store, ["203.0.113.9/32", "203.0.0.0/20", "198.51.100.1/32", "2001:db8::7/128"]);
    await block(store, ["203.0.113.9/32"], "observe");

    const lifted = await store.liftProtected(
      [named("203.0.113.9/32"), named("2001:db8::/32"), named("192.0.2.1/32")],
      after(10),
    );

    expect(lifted.map(({ prefix, mode }) => `${prefix} ${mode}`).toSorted()).toEqual([
      "2001:db8::7/128 enforce",
      "203.0.113.9/32 enforce",
      "203.0.113.9/32 observe",
    ]);
    expect(await standing(store)).toEqual(["198.51.100.1/32 enforce", "203.0.0.0/20 enforce"]);
    const [report] = await store.blocksOn(prefix("2001:db8::7/128"), after(20));
    expect(report?.lifted).toMatchObject({
      actor: "portcullis",
      reason: "protected: 2001:db8::/32 is ours",
    });
    expect((await kinds(store)).slice(-2).toSorted()).toEqual([
      "lift 2001:db8::/32 portcullis",
      "lift 203.0.113.9/32 portcullis",
    ]);
    const changes = await store.requestedChanges("edge-1", { now: after(20), limit: 9 });
    expect(changes.filter(({ kind }) => kind === "remove")).toHaveLength(2);
  });

  test("repeating it, or asking about nothing, changes nothing", async () => {
    const store = await newStore(engine);
    await block(store, ["203.0.113.9/32"]);
    await store.liftProtected([named("203.0.113.9/32")], after(10));
    const before = await kinds(store);

    expect(await store.liftProtected([named("203.0.113.9/32")], after(11))).toEqual([]);
    expect(await store.liftProtected([], after(11))).toEqual([]);
    expect(await kinds(store)).toEqual(before);
  });

  test("two who lift the same lift it once", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    await block(a, ["203.0.113.9/32", "203.0.113.10/32"]);

    const lifts = await Promise.all(
      [a, b, a, b].map((store) => store.liftProtected([named("203.0.113.0/24")], after(10))),
    );

    expect(lifts.flat()).toHaveLength(2);
    expect((await kinds(a)).filter((kind) => kind.startsWith("lift"))).toHaveLength(1);
  });

  test("a block that can't be read does not keep the others standing", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await block(store, ["203.0.113.9/32", "203.0.113.10/32"]);
    await engine.tamper(databaseUrl, "update blocks set prefix = 'nowhere' where prefix = '203.0.113.9/32'");

    expect(await store.liftProtected([named("203.0.0.0/16")], after(10))).toMatchObject([
      { prefix: "203.0.113.10/32" },
    ]);
  });
});
