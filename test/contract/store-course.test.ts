import { describe, expect, test } from "vitest";
import { forever } from "../../src/domain/block.ts";
import type { BlockReport, Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const attacker = prefix("203.0.113.9/32");

/** Blocks 203.0.113.n from `t0` + n on, for 1,000 s each. */
async function place(store: Store, ...numbers: readonly number[]): Promise<readonly string[]> {
  for (const n of numbers) {
    const changes = { ip: ip(`203.0.113.${n}`), decidedAt: after(n), expiresAt: after(1000 + n) };
    await store.recordDecision(recordOf(sampleDecision(`de_${n}`, changes)));
  }
  const blocks = await store.standingBlocks(t0);
  return numbers.map((n) => blocks.find(({ decisionId }) => decisionId === `de_${n}`)?.id ?? "");
}

async function reportOn(store: Store, network = "203.0.113.9/32", seconds = 60): Promise<BlockReport> {
  const [report] = await store.blocksOn(prefix(network), after(seconds));
  if (report === undefined) {
    throw new Error(`nothing on ${network}`);
  }
  return report;
}

describeStore("the course of a block", (engine) => {
  describe("what it has dropped", () => {
    test("adds up, also when the kernel's entry was made anew and counts from nothing", async () => {
      const store = await newStore(engine);
      const [blockId = ""] = await place(store, 9);
      const seen: object[] = [];
      const counts: readonly (readonly [packets: number, bytes: number])[] = [
        [10, 1000],
        [10, 1000],
        [15, 1500],
        [3, 300],
        [4, 900],
        [4, 100],
      ];
      for (const [packets, bytes] of counts) {
        await store.recordDrops("edge-1", [{ blockId, packets, bytes }]);
        const [{ packets: sum, bytes: sumBytes } = { packets: -1, bytes: -1 }] = (await reportOn(store))
          .enforcements;
        seen.push([sum, sumBytes]);
      }

      expect(seen).toEqual([
        [10, 1000],
        [10, 1000],
        [15, 1500],
        [18, 1800],
        [19, 2400],
        [23, 2500],
      ]);
      expect((await reportOn(store)).enforcements).toMatchObject([
        { firewall: "edge-1", packets: 23 },
        { firewall: "edge-2", packets: 0 },
      ]);
    });

    test("goes on with the block that takes its place, wherever the entry counts on", async () => {
      const store = await newStore(engine);
      const record = (id: string, group: string) =>
        store.recordDecision(recordOf(sampleDecision(id), { groups: [group] }));
      const drop = async (packets: number) => {
        const [block] = await store.standingBlocks(t0);
        const drops = [{ blockId: block?.id ?? "", packets, bytes: packets }];
        await store.recordDrops("edge-1", drops);
      };
      await record("de_1", "edge");
      await drop(10);
      await record("de_2", "dmz");
      await drop(12);

      const reports = await store.blocksOn(attacker, t0);
      const packets = reports.map(({ block, enforcements }) => [block.decisionId, enforcements[0]?.packets]);
      expect(Object.fromEntries(packets)).toEqual({ de_1: 10, de_2: 2 });
    });

    test("is kept for 5,000 blocks at once, and can be no more than a number can tell", async () => {
      const store = await newStore(engine);
      const [blockId = ""] = await place(store, 9);
      const absent = Array.from({ length: 5000 }, (_, n) => ({ blockId: `bl_${n}`, packets: 1, bytes: 1 }));
      const drop = (bytes: number) =>
        store.recordDrops("edge-1", [...absent, { blockId, packets: 1, bytes }]);

      await drop(2 ** 63);
      await drop(0);
      await drop(2 ** 53);

      expect((await reportOn(store)).enforcements).toMatchObject([
        { bytes: Number.MAX_SAFE_INTEGER },
        { bytes: 0 },
      ]);
    });
  });

  describe("its end by time", () => {
    test("is marked on the firewall that says so, once for each, and not before", async () => {
      const store = await newStore(engine);
      const ids = await place(store, 1, 2, 3);
      const results = ids.map((blockId) => ({ blockId, state: "verified" as const, error: null }));
      await store.recordEnforcements("edge-1", results, after(5));

      await store.expireEnforcements("edge-1", after(1001), after(1002));

      const states = async (n: number) =>
        (await reportOn(store, `203.0.113.${n}/32`, 1002)).enforcements.map(({ state }) => state);
      expect(await states(1)).toEqual(["verified", "requested"]);
      expect(await states(2)).toEqual(["expired", "requested"]);
      expect(await states(3)).toEqual(["verified", "requested"]);
      expect((await reportOn(store, "203.0.113.2/32", 1002)).enforcements).toMatchObject([
        { endedAt: after(1002), verifiedAt: after(5) },
        { endedAt: null },
      ]);

      await store.expireEnforcements("edge-1", new Date(0), after(2000));
      await store.expireEnforcements("edge-2", new Date(0), after(2000));
      expect(await states(1)).toEqual(["expired", "expired"]);
      expect((await reportOn(store, "203.0.113.2/32", 2000)).enforcements[0]?.endedAt).toEqual(after(1002));
      expect((await store.counts(after(2000))).enforcementsPending).toBe(0);
    });

    test("leaves alone what a person lifted, and late answers do not undo it", async () => {
      const store = await newStore(engine);
      const [lifted = "", ended = ""] = await place(store, 1, 2);
      const lift = { actor: "alice", reason: "wrong", now: after(60), graceUntil: after(60) };
      await store.liftBlocks(prefix("203.0.113.1/32"), lift);

      await store.expireEnforcements("edge-1", t0, after(2000));
      await store.recordEnforcements(
        "edge-1",
        [lifted, ended].map((blockId) => ({ blockId, state: "failed" as const, error: "late" })),
        after(2001),
      );

      const states = async (n: number) => (await reportOn(store, `203.0.113.${n}/32`)).enforcements[0];
      expect(await states(1)).toMatchObject({ state: "lifting", error: "late" });
      expect(await states(2)).toMatchObject({ state: "expired", error: null });
    });

    test("never comes for a block without end", async () => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1", { expiresAt: forever })));

      await store.expireEnforcements("edge-1", t0, after(3_000_000_000));

      expect(await store.standingBlocks(after(3_000_000_000))).toMatchObject([{ expiresAt: forever }]);
      expect(await reportOn(store)).toMatchObject({ state: "standing", endedAt: null });
    });

    test("is marked for 5,000 blocks at once by two firewalls", async () => {
      const databaseUrl = await engine.newDatabase();
      const [a, b] = await engine.openTwo(databaseUrl);
      await engine.tamper(
        databaseUrl,
        `insert into blocks (id, prefix, network, mode, decision_id, created_at, expires_at)
        with recursive s(n) as (select 0 union all select n + 1 from s where n < 4999)
        select 'bl_' || n, '10.0.' || (n / 256) || '.' || (n % 256) || '/32', '10.0.' || (n / 256) || '.0/24',
          'enforce', 'de_' || n, ${t0.getTime()}, ${after(3600).getTime()} + n / 100 from s`,
      );
      const ids = (await a.standingBlocks(t0)).map(({ id }) => id);
      await a.requestEnforcements("edge-1", ids, t0);
      await a.requestEnforcements("edge-2", ids, t0);

      await Promise.all([
        a.expireEnforcements("edge-1", t0, after(9999)),
        b.expireEnforcements("edge-2", t0, after(9999)),
      ]);

      expect(ids).toHaveLength(5000);
      const seen = new Set<string>();
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<Store["listBlocks"]>> = await a.listBlocks({
          standingOnly: false,
          limit: 2000,
          cursor,
          now: t0,
        });
        for (const { state, enforcements } of page.blocks) {
          seen.add([state, ...enforcements.map((row) => row.state)].join(" "));
        }
        cursor = page.next;
      } while (cursor !== null);
      expect(seen).toEqual(new Set(["ended expired expired"]));
    });
  });
});
