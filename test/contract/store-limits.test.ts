import { describe, expect, test } from "vitest";
import type { BlastLimits } from "../../src/domain/policy.ts";
import type { Store } from "../../src/ports.ts";
import { type BlockWish, blockWithin } from "../fakes/block-wishes.ts";
import { known } from "../fakes/findings.ts";
import { after, ip, prefix, sampleInputs, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

/** How many of so many become blocks. */
async function blocksOf(
  store: Store,
  many: number,
  wish: (n: number) => BlockWish,
  from = 0,
): Promise<number> {
  let blocks = 0;
  for (let n = from; n < from + many; n += 1) {
    const { action } = await blockWithin(store, n, wish(n));
    blocks += Number(action === "block");
  }
  return blocks;
}

const alarmsSent = async (store: Store) =>
  (await store.claimNotifications("email", { holder: "x", limit: 99, now: after(99), leaseMs: 1 })).filter(
    ({ subject }) => subject.kind === "alarm",
  );

const ofAs = (asn: number) => {
  const finding = known("abuseipdb", { score: 100 });
  return finding.status === "known" ? [{ ...finding, evidence: { ...finding.evidence, asn } }] : [];
};

describeStore("the store's limits on new blocks", (engine) => {
  describe("hold what is beyond", () => {
    test("the block becomes a hold that says why, for as long as holds wait", async () => {
      const store = await newStore(engine);
      const limits = { perHour: 1 };
      await blockWithin(store, 1, { limits });

      const held = await blockWithin(store, 2, { limits, at: 1 });

      expect(held).toMatchObject({
        action: "hold",
        holdCause: "limit",
        rule: "virustotal.malicious >= 2",
        expiresAt: after(1 + 86_400),
      });
      expect(held.reasons).toEqual([
        `limit: 1 new blocks an hour are reached; approve it, or "portcullis resume" releases all`,
        "8 of 90 engines call it malicious",
      ]);
      expect(await store.hold("de_2", after(1))).toMatchObject({ decision: held, state: "waiting" });
      expect(await store.standingBlocks(after(1))).toHaveLength(1);
      expect(await store.requestedChanges("edge-1", { now: after(1), limit: 9 })).toHaveLength(1);
    });

    test.each<{ what: keyof BlastLimits; wish: (n: number) => BlockWish; other: BlockWish; reason: string }>([
      {
        what: "perMinute",
        wish: () => ({}),
        other: { at: 61 },
        reason: "limit: 3 new blocks a minute are reached",
      },
      {
        what: "perHour",
        wish: (n) => ({ at: n * 100 }),
        other: { at: 4000 },
        reason: "limit: 3 new blocks an hour are reached",
      },
      {
        what: "perSearch",
        wish: () => ({}),
        other: { inputs: sampleInputs({ searchName: "another" }) },
        reason: `limit: 3 new blocks an hour by the search "SSH brute force" are reached`,
      },
      {
        what: "perSearch",
        wish: () => ({ inputs: sampleInputs({ searchName: null }) }),
        other: {},
        reason: "limit: 3 new blocks an hour by searches without a name are reached",
      },
      {
        what: "perNetwork",
        wish: (n) => ({ ip: ip(`203.0.${n}.9`) }),
        other: { ip: ip("203.1.0.9") },
        reason: "limit: 3 new blocks an hour in 203.0.0.0/16 are reached",
      },
      {
        what: "perNetwork",
        wish: (n) => ({ ip: ip(`2001:db8:${n}::9`) }),
        other: { ip: ip("2001:db9::9") },
        reason: "limit: 3 new blocks an hour in 2001:db8::/32 are reached",
      },
      {
        what: "perAs",
        wish: () => ({ findings: ofAs(64_500) }),
        other: { findings: ofAs(64_501) },
        reason: "limit: 3 new blocks an hour in AS64500 are reached",
      },
      {
        what: "active",
        wish: (n) => ({ at: n * 4000, expiresAt: after(50_000) }),
        other: { at: 50_000, expiresAt: after(60_000) },
        reason: "limit: 3 blocks stand at the same time",
      },
    ])("$what: $reason", async ({ what, wish, other, reason }) => {
      const store = await newStore(engine);
      const limits = { [what]: 3 };

      expect(await blocksOf(store, 3, (n) => ({ ...wish(n), limits }))).toBe(3);
      const beyond = await blockWithin(store, 4, { ...wish(4), limits });
      const apart = await blockWithin(store, 5, { ...other, limits });

      expect(beyond).toMatchObject({ action: "hold", holdCause: "limit" });
      expect(beyond.reasons[0]?.split(";")[0]).toBe(reason);
      expect(apart.action).toBe("block");
    });

    test("a limit of none holds every block", async () => {
      const store = await newStore(engine);

      expect(await blockWithin(store, 1, { limits: { perMinute: 0 } })).toMatchObject({ holdCause: "limit" });
      expect(await blockWithin(store, 2, { limits: { active: 0 } })).toMatchObject({ holdCause: "limit" });
    });

    test("no minute has more than its limit, wherever it begins", async () => {
      const store = await newStore(engine);
      const limits = { perMinute: 2 };
      const blockedAt: number[] = [];
      for (let n = 0; n < 80; n += 1) {
        const at = n * 2.5;
        if ((await blockWithin(store, n, { at, limits })).action === "block") {
          blockedAt.push(at);
        }
      }

      expect(blockedAt.length).toBeGreaterThanOrEqual(6);
      for (const start of blockedAt) {
        expect(blockedAt.filter((at) => at >= start && at < start + 60).length).toBeLessThanOrEqual(2);
      }
    });

    test("modes are counted apart, and what is on record only has its limits too", async () => {
      const store = await newStore(engine);
      const limits = { perHour: 1 };
      await blockWithin(store, 1, { limits, mode: "observe" });

      expect(await blockWithin(store, 2, { limits })).toMatchObject({ action: "block" });
      expect(await blockWithin(store, 3, { limits, mode: "observe" })).toMatchObject({ holdCause: "limit" });
    });

    test.each([1, 5])("of 40 at once, %s are placed", async (perHour) => {
      const [a, b] = await engine.openTwo(await engine.newDatabase());

      const decisions = await Promise.all(
        Array.from({ length: 40 }, (_, n) => blockWithin(n % 2 === 0 ? a : b, n, { limits: { perHour } })),
      );

      expect(decisions.filter(({ action }) => action === "block")).toHaveLength(perHour);
      expect(decisions.filter(({ holdCause }) => holdCause === "limit")).toHaveLength(40 - perHour);
      expect(await a.standingBlocks(t0)).toHaveLength(perHour);
      expect((await a.controls()).limited?.held).toBe(40 - perHour);
      expect(await alarmsSent(a)).toHaveLength(1);
    });
  });

  describe("let pass", () => {
    test("what a person wants, and do not count it", async () => {
      const store = await newStore(engine);
      const person = { limits: null, actor: "alice" };
      expect(await blocksOf(store, 3, () => person)).toBe(3);
      const limits = { perMinute: 1, perHour: 1, perSearch: 1 };

      expect(await blockWithin(store, 3, { limits })).toMatchObject({ action: "block" });
      expect(await blockWithin(store, 4, { limits })).toMatchObject({ holdCause: "limit" });
      expect(await blockWithin(store, 5, person)).toMatchObject({ action: "block" });
    });

    test("what is blocked already: it is ignored, as always", async () => {
      const store = await newStore(engine);
      const limits = { perHour: 1 };
      await blockWithin(store, 1, { limits });

      expect(await blockWithin(store, 2, { limits, ip: ip("198.1.0.1") })).toMatchObject({
        action: "ignore",
      });
      expect((await store.controls()).limited).toBeNull();
    });

    test("an active limit counts what stands, not what has ended or was lifted", async () => {
      const store = await newStore(engine);
      const limits = { active: 2 };
      await blockWithin(store, 1, { limits, expiresAt: after(100) });
      await blockWithin(store, 2, { limits });
      expect(await blockWithin(store, 3, { limits, at: 1 })).toMatchObject({ holdCause: "limit" });

      expect(await blockWithin(store, 4, { limits, at: 101 })).toMatchObject({ action: "block" });
      expect(await blockWithin(store, 5, { limits, at: 101 })).toMatchObject({ holdCause: "limit" });
      await store.liftBlocks(prefix("198.2.0.1/32"), {
        actor: "alice",
        reason: "",
        now: after(102),
        graceUntil: after(102),
      });
      expect(await blockWithin(store, 6, { limits, at: 103 })).toMatchObject({ action: "block" });
    });

    test("another network of which a block stands for other groups, when only the standing ones are limited", async () => {
      const store = await newStore(engine);
      const limits = { active: 1 };
      await blockWithin(store, 1, { limits }, { groups: ["edge"] });

      const joined = await blockWithin(store, 2, { limits, ip: ip("198.1.0.1") }, { groups: ["dmz"] });

      expect(joined.action).toBe("block");
    });
  });
});
