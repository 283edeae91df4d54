import { describe, expect, test } from "vitest";
import type { IpPrefix } from "../../src/domain/ip-address.ts";
import type { Store } from "../../src/ports.ts";
import { standingOf } from "../fakes/facts.ts";
import { after, ip, prefix, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const lift = { actor: "alice", reason: "ours", now: after(60), graceUntil: after(600) };

let made = 0;

/** Blocks the network because of its first address. */
async function block(store: Store, network: string, changes: { readonly at?: Date } = {}) {
  made += 1;
  const address = ip(network.slice(0, network.indexOf("/")));
  return store.recordDecision(
    recordOf(
      sampleDecision(`de_${made}`, { ip: address, decidedAt: changes.at ?? t0, expiresAt: after(9000) }),
      { prefix: prefix(network) },
    ),
  );
}

const standing = async (store: Store): Promise<readonly IpPrefix[]> =>
  (await store.standingBlocks(after(60))).map((one) => one.prefix).toSorted();

describeStore("the store's networks", (engine) => {
  test.each([
    { blocked: ["203.0.113.0/24"], lifted: "203.0.113.9/32", left: [] },
    { blocked: ["203.0.113.9/32", "203.0.113.10/32"], lifted: "203.0.113.9/32", left: ["203.0.113.10/32"] },
    {
      blocked: ["203.0.113.0/24", "203.0.113.9/32", "203.0.113.10/32", "203.0.112.0/20", "203.0.114.0/24"],
      lifted: "203.0.113.9/32",
      left: ["203.0.113.10/32", "203.0.114.0/24"],
    },
    {
      blocked: ["203.0.113.9/32", "203.0.113.200/32", "203.0.112.255/32", "203.0.114.0/32"],
      lifted: "203.0.113.0/24",
      left: ["203.0.112.255/32", "203.0.114.0/32"],
    },
    {
      blocked: ["203.0.113.9/32", "203.0.113.16/28", "203.0.113.31/32", "203.0.113.32/32", "203.0.112.0/23"],
      lifted: "203.0.113.16/28",
      left: ["203.0.113.32/32", "203.0.113.9/32"],
    },
    {
      blocked: ["203.0.113.9/32", "203.1.0.1/32", "203.0.0.0/16", "2001:db8::1/128"],
      lifted: "203.0.0.0/16",
      left: ["2001:db8::1/128", "203.1.0.1/32"],
    },
    {
      blocked: ["2001:db8::/64", "2001:db8::1/128", "2001:db8:0:1::1/128", "203.0.113.9/32"],
      lifted: "2001:db8::1/128",
      left: ["2001:db8:0:1::1/128", "203.0.113.9/32"],
    },
    {
      blocked: ["2001:db8::1/128", "2001:db8:0:1::1/128", "2001:db9::1/128"],
      lifted: "2001:db8::/48",
      left: ["2001:db9::1/128"],
    },
    { blocked: ["203.0.113.9/32", "2001:db8::1/128"], lifted: "0.0.0.0/0", left: ["2001:db8::1/128"] },
  ])("lifting $lifted of $blocked leaves $left", async ({ blocked, lifted, left }) => {
    const store = await newStore(engine);
    for (const network of blocked) {
      await block(store, network);
    }

    const ended = await store.liftBlocks(prefix(lifted), lift);

    expect(await standing(store)).toEqual(left);
    expect([...ended.map((one) => one.prefix), ...left].toSorted()).toEqual(blocked.toSorted());
    const removals = await store.requestedChanges("edge-1", { now: after(60), limit: 99 });
    expect(removals.filter(({ kind }) => kind === "remove")).toHaveLength(ended.length);
  });

  test("lifted blocks are told newest first", async () => {
    const store = await newStore(engine);
    const beginnings = [2, 3, 1];
    for (const n of beginnings) {
      await block(store, `203.0.113.${n}/32`, { at: after(n) });
    }

    const lifted = await store.liftBlocks(prefix("203.0.113.0/24"), lift);

    expect(lifted.map(({ createdAt }) => createdAt)).toEqual([after(3), after(2), after(1)]);
  });

  describe("a grace period", () => {
    test("belongs to what the person named, not to the wider block that ended with it", async () => {
      const store = await newStore(engine);
      await block(store, "203.0.113.0/24");
      await store.liftBlocks(prefix("203.0.113.9/32"), lift);

      const grace = async (address: string) =>
        (await standingOf(store, ip(address), "enforce", after(60))).graceUntil;
      expect(await grace("203.0.113.9")).toEqual(after(600));
      expect(await grace("203.0.113.10")).toBeNull();
      expect(await block(store, "203.0.113.9/32", { at: after(60) })).toMatchObject({ action: "ignore" });
      expect(await block(store, "203.0.113.10/32", { at: after(60) })).toMatchObject({ action: "block" });
      expect(await standing(store)).toEqual(["203.0.113.10/32"]);
    });

    test.each([
      { lifted: "203.0.113.9/32", within: "203.0.113.0/24", what: "the block on 203.0.113.9" },
      { lifted: "203.0.113.9/32", within: "203.0.113.8/30", what: "the block on 203.0.113.9" },
      { lifted: "203.0.113.9/32", within: "203.0.0.0/16", what: "the block on 203.0.113.9" },
      { lifted: "203.0.113.0/25", within: "203.0.113.0/24", what: "the block on 203.0.113.0/25" },
      { lifted: "203.0.0.0/16", within: "203.0.113.0/24", what: "the block on 203.0.0.0/16" },
      { lifted: "203.0.113.9/32", within: "203.0.113.9/32", what: "its block" },
      { lifted: "2001:db8::1/128", within: "2001:db8::/64", what: "the block on 2001:db8::1" },
    ])("of $lifted keeps $within from being blocked until it is over", async ({ lifted, within, what }) => {
      const store = await newStore(engine);
      await block(store, lifted);
      await store.liftBlocks(prefix(lifted), lift);

      expect(await block(store, within, { at: after(599) })).toMatchObject({
        action: "ignore",
        reasons: [
          `a person lifted ${what}; alerts can't block it before ${after(600).toISOString()}`,
          expect.any(String),
        ],
      });
      expect(await block(store, within, { at: after(600) })).toMatchObject({ action: "block" });
    });

    test.each([
      { lifted: "203.0.113.9/32", other: "203.0.113.10/32" },
      { lifted: "203.0.113.0/25", other: "203.0.113.128/25" },
      { lifted: "203.0.112.0/24", other: "203.0.113.0/24" },
      { lifted: "2001:db8::/64", other: "2001:db8:0:1::/64" },
    ])("of $lifted does not concern $other", async ({ lifted, other }) => {
      const store = await newStore(engine);
      await block(store, lifted);
      await store.liftBlocks(prefix(lifted), lift);

      expect(await block(store, other, { at: after(60) })).toMatchObject({ action: "block" });
    });

    test.each([
      { lifted: "203.0.113.0/24", ended: "203.0.113.9/32" },
      { lifted: "203.0.113.9/32", ended: "203.0.113.9/32" },
      { lifted: "203.0.113.9/32", ended: "203.0.113.0/24" },
      { lifted: "0.0.0.0/0", ended: "203.0.113.9/32" },
    ])("of $lifted ends by lifting $ended without one, though nothing stands", async ({ lifted, ended }) => {
      const store = await newStore(engine);
      await block(store, "203.0.113.9/32");
      await store.liftBlocks(prefix(lifted), lift);
      const graces = (seconds: number) => store.gracesOn(prefix("203.0.113.9/32"), after(seconds));

      expect(await graces(61)).toEqual([
        { prefix: lifted, until: after(600), actor: "alice", reason: "ours", liftedAt: after(60) },
      ]);
      expect(await store.liftBlocks(prefix(ended), { ...lift, now: after(62) })).toEqual([]);
      expect(await graces(62)).toHaveLength(1);
      const now = after(63);
      expect(await store.liftBlocks(prefix(ended), { ...lift, now, graceUntil: now })).toEqual([]);

      expect(await graces(63)).toEqual([]);
      expect((await standingOf(store, ip("203.0.113.9"), "enforce", now)).graceUntil).toBeNull();
      expect(await block(store, "203.0.113.9/32", { at: after(64) })).toMatchObject({ action: "block" });
    });

    test("ends with no other", async () => {
      const store = await newStore(engine);
      await block(store, "203.0.113.9/32");
      await store.liftBlocks(prefix("203.0.113.9/32"), lift);
      const now = after(61);

      await store.liftBlocks(prefix("203.0.113.10/32"), { ...lift, now, graceUntil: now });

      expect(await store.gracesOn(prefix("203.0.113.0/24"), now)).toHaveLength(1);
    });

    test("of a network holds for each address in it, and the longest of several counts", async () => {
      const store = await newStore(engine);
      await block(store, "203.0.113.0/24");
      await store.liftBlocks(prefix("203.0.113.0/24"), { ...lift, graceUntil: after(900) });
      await store.recordDecision(
        recordOf(sampleDecision("de_again", { actor: "bob", decidedAt: after(60) })),
      );
      await store.liftBlocks(prefix("203.0.113.9/32"), lift);

      const { graceUntil, letOut } = await standingOf(store, ip("203.0.113.9"), "observe", after(61));
      expect({ graceUntil, letOut }).toEqual({ graceUntil: after(900), letOut: "203.0.113.0/24" });
    });
  });

  describe("neighbours", () => {
    test("are other single addresses of the network that stand blocked in this mode", async () => {
      const store = await newStore(engine);
      for (const network of ["203.0.113.1/32", "203.0.113.2/32", "203.0.113.9/32", "203.0.112.1/32"]) {
        await block(store, network);
      }
      await block(store, "203.0.113.128/25");
      await store.recordDecision(
        recordOf(sampleDecision("de_observed", { ip: ip("203.0.113.77"), mode: "observe" })),
      );
      await store.liftBlocks(prefix("203.0.113.2/32"), { ...lift, graceUntil: lift.now });
      const of = (address: string, seconds = 60) => store.neighbours(ip(address), "enforce", after(seconds));

      expect(await of("203.0.113.9")).toEqual({ blocked: 1, lifted: false });
      expect(await of("203.0.113.200")).toEqual({ blocked: 2, lifted: false });
      expect(await of("203.0.113.200", 9000)).toEqual({ blocked: 0, lifted: false });
      expect(await of("198.51.100.1")).toEqual({ blocked: 0, lifted: false });
      expect(await store.neighbours(ip("203.0.113.9"), "observe", after(60))).toMatchObject({ blocked: 1 });
    });

    test("of IPv6 are those of the /64", async () => {
      const store = await newStore(engine);
      for (const network of ["2001:db8::1/128", "2001:db8::2/128", "2001:db8:0:1::1/128", "2001:db8::/64"]) {
        await block(store, network);
      }

      expect(await store.neighbours(ip("2001:db8::3"), "enforce", t0)).toEqual({ blocked: 2, lifted: false });
    });

    test.each(["203.0.113.200/32", "203.0.113.0/24", "203.0.112.0/20"])(
      "tell that a person let %s out",
      async (network) => {
        const store = await newStore(engine);
        await block(store, network);
        await store.liftBlocks(prefix(network), lift);

        const lifted = async (address: string, seconds: number) =>
          (await store.neighbours(ip(address), "enforce", after(seconds))).lifted;
        expect(await lifted("203.0.113.9", 599)).toBe(true);
        expect(await lifted("203.0.113.9", 600)).toBe(false);
        expect(await lifted("203.0.128.9", 599)).toBe(false);
      },
    );
  });

  test("lifting an address wins over all who block networks around it at the same moment", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    await block(a, "203.0.113.0/24");
    const around = ["203.0.113.9/32", "203.0.113.8/30", "203.0.113.0/25", "203.0.112.0/20"];
    const networks = Array.from({ length: 60 }, (_, n) => around[n % around.length] ?? "");

    const [lifted, ...decisions] = await Promise.all([
      a.liftBlocks(prefix("203.0.113.9/32"), lift),
      ...networks.map((network, n) => block(n % 2 === 0 ? a : b, network, { at: after(1) })),
    ]);

    expect(decisions).toHaveLength(60);
    expect(lifted.map((one) => one.prefix)).toContain("203.0.113.0/24");
    expect(await a.standingBlocks(after(60))).toEqual([]);
  });
});
