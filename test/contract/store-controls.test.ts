import { describe, expect, test } from "vitest";
import type { DecisionRecord, Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const pause = { actor: "alice", reason: "a bad list", now: t0 };
const attacker = prefix("203.0.113.9/32");

const block = (
  store: Store,
  id: string,
  changes: Parameters<typeof sampleDecision>[1] = {},
  more: Partial<DecisionRecord> = {},
) =>
  store.recordDecision(
    recordOf(sampleDecision(id, { decidedAt: after(60), expiresAt: after(3600), ...changes }), more),
  );

const entry = {
  id: "aw_1",
  prefix: prefix("203.0.113.0/24"),
  reason: "our office",
  owner: "carol",
  actor: "bob",
  createdAt: t0,
  expiresAt: after(600),
};

describeStore("what people control", (engine) => {
  describe("pausing", () => {
    test("holds what the policy would block, and tells nobody of each", async () => {
      const store = await newStore(engine);
      await store.pause(pause);

      const held = await block(store, "de_1", {}, { holdSeconds: 600 });

      expect(held).toMatchObject({ action: "hold", holdCause: "paused", expiresAt: after(660) });
      expect(held.reasons[0]).toBe(
        `new blocks are paused since ${t0.toISOString()} by alice (a bad list); approve it, or "portcullis resume" releases all`,
      );
      expect(await store.standingBlocks(after(60))).toEqual([]);
      expect(await store.counts(after(60))).toMatchObject({ notificationsWaiting: 0, holdsWaiting: 1 });
      expect(await store.hold("de_1", after(60))).toMatchObject({ state: "waiting" });
    });

    test("survives a restart, and ends by resuming", async () => {
      const databaseUrl = await engine.newDatabase();
      const first = await engine.open(databaseUrl);
      await first.pause(pause);
      await first.close();

      const store = await engine.open(databaseUrl);
      expect(await store.controls()).toEqual({
        paused: { since: t0, actor: "alice", reason: "a bad list" },
        limited: null,
      });
      expect(await block(store, "de_1")).toMatchObject({ holdCause: "paused" });
      await store.resume({ actor: "bob", reason: "mended", now: after(90) });

      expect(await store.controls()).toEqual({ paused: null, limited: null });
      expect(await block(store, "de_2", { decidedAt: after(91) })).toMatchObject({ action: "block" });
    });

    test("once more changes nothing; each step has its receipt", async () => {
      const store = await newStore(engine);
      await store.pause(pause);
      await store.pause({ actor: "bob", reason: "me too", now: after(9) });
      await store.resume({ actor: "bob", reason: "mended", now: after(10) });

      const { receipts } = await store.receiptsAfter(0, 9);
      expect(receipts.map(({ kind, actor, at }) => ({ kind, actor, at }))).toEqual([
        { kind: "pause", actor: "alice", at: t0 },
        { kind: "resume", actor: "bob", at: after(10) },
      ]);
    });

    test("stops neither a person nor what is ignored, watched or held anyway", async () => {
      const store = await newStore(engine);
      await store.pause(pause);

      expect(await block(store, "de_1", { actor: "alice" })).toMatchObject({ action: "block" });
      expect(await block(store, "de_2")).toMatchObject({ action: "ignore" });
      const held = sampleDecision("de_3", { action: "hold", ip: ip("198.51.100.1"), holdCause: "hint" });
      expect(await store.recordDecision(recordOf(held))).toMatchObject({ holdCause: "hint" });
      expect((await store.counts(t0)).notificationsWaiting).toBe(2);
    });
  });

  describe("the allow-list", () => {
    test.each(["policy", "alice"])("keeps %s from blocking what it names, until it ends", async (actor) => {
      const store = await newStore(engine);
      await store.addAllowEntry(entry);

      const ignored = await block(store, "de_1", { actor });

      expect(ignored).toMatchObject({ action: "ignore", expiresAt: null });
      expect(ignored.reasons[0]).toBe("203.0.113.0/24 is on the allow-list: our office");
      expect(await store.standingBlocks(after(60))).toEqual([]);
      expect(await block(store, "de_2", { actor, decidedAt: after(600) })).toMatchObject({ action: "block" });
    });

    test.each([
      { allowed: "203.0.113.9/32", blocked: "203.0.113.0/24" },
      { allowed: "203.0.113.200/32", blocked: "203.0.113.0/24" },
      { allowed: "0.0.0.0/0", blocked: "203.0.113.9/32" },
    ])("with $allowed keeps $blocked from being blocked", async ({ allowed, blocked }) => {
      const store = await newStore(engine);
      await store.addAllowEntry({ ...entry, prefix: prefix(allowed) });

      expect(await block(store, "de_1", {}, { prefix: prefix(blocked) })).toMatchObject({ action: "ignore" });
      expect(
        await block(store, "de_2", { ip: ip("2001:db8::1") }, { prefix: prefix("2001:db8::/64") }),
      ).toMatchObject({ action: "block" });
    });

    test("that was removed keeps nobody from anything", async () => {
      const store = await newStore(engine);
      await store.addAllowEntry(entry);
      await store.removeAllowEntry("aw_1", { ...pause, now: after(30) });

      expect(await block(store, "de_1")).toMatchObject({ action: "block" });
    });
  });

  describe("a person's block", () => {
    const until = (seconds: number) => ({ actor: "alice", decidedAt: after(120), expiresAt: after(seconds) });

    test("that ends later takes the place of one that stands, and every firewall hears of it", async () => {
      const store = await newStore(engine);
      await block(store, "de_1", {}, { groups: ["edge"], firewalls: ["edge-1"] });
      const [old] = await store.standingBlocks(after(60));
      await store.recordEnforcements(
        "edge-1",
        [{ blockId: old?.id ?? "", state: "verified", error: null }],
        after(61),
      );

      const longer = await block(store, "de_2", until(9000), { groups: ["dmz"], firewalls: ["dmz-1"] });

      expect(longer.action).toBe("block");
      expect(await store.standingBlocks(after(120))).toMatchObject([
        { decisionId: "de_2", prefix: attacker, groups: ["dmz", "edge"], expiresAt: after(9000) },
      ]);
      for (const firewall of ["edge-1", "dmz-1"]) {
        expect(await store.requestedChanges(firewall, { now: after(120), limit: 9 })).toMatchObject([
          { kind: "add", prefix: attacker, expiresAt: after(9000) },
        ]);
      }
    });

    test("that ends later extends one that stands on the same firewalls", async () => {
      const store = await newStore(engine);
      await block(store, "de_1");

      expect(await block(store, "de_2", until(9000))).toMatchObject({ action: "block" });
      expect(await store.standingBlocks(after(120))).toMatchObject([{ expiresAt: after(9000) }]);
      expect(await store.requestedChanges("edge-2", { now: after(120), limit: 9 })).toMatchObject([
        { kind: "add", expiresAt: after(9000) },
      ]);
    });

    test.each([3600, 1800])("that ends no later (%s s) is not needed", async (seconds) => {
      const store = await newStore(engine);
      await block(store, "de_1");

      expect(await block(store, "de_2", until(seconds))).toMatchObject({ action: "ignore" });
      expect(await store.standingBlocks(after(120))).toMatchObject([
        { decisionId: "de_1", expiresAt: after(3600) },
      ]);
    });

    test("for other groups that ends earlier takes its place for the longer time", async () => {
      const store = await newStore(engine);
      await block(store, "de_1", {}, { groups: ["edge"] });

      await block(store, "de_2", until(1800), { groups: null });

      expect(await store.standingBlocks(after(120))).toMatchObject([
        { decisionId: "de_2", groups: null, expiresAt: after(3600) },
      ]);
    });

    test("of the policy that ends later changes nothing, as always", async () => {
      const store = await newStore(engine);
      await block(store, "de_1");

      expect(await block(store, "de_2", { ...until(9000), actor: "policy" })).toMatchObject({
        action: "ignore",
      });
    });

    test("on a network that was let out is made, and the policy's is not", async () => {
      const store = await newStore(engine);
      await block(store, "de_1");
      await store.liftBlocks(attacker, { ...pause, now: after(70), graceUntil: after(9000) });

      expect(await block(store, "de_2", { decidedAt: after(80) })).toMatchObject({ action: "ignore" });
      expect(await block(store, "de_3", { decidedAt: after(80), actor: "alice" })).toMatchObject({
        action: "block",
      });
    });
  });
});
