import { describe, expect, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import {
  after,
  ip,
  prefix,
  recordOf,
  sampleClaim,
  sampleDecision,
  sampleFirewall,
  sight,
  t0,
} from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";
import { blockId, blockingStore, openTellingStore, takeTold } from "../fakes/told-events.ts";

describeStore("what the store tells programs", (engine) => {
  const telling = async (): Promise<Store> => openTellingStore(await engine.newDatabase());

  test("is nothing where nobody is to be told", async () => {
    const store = await newStore(engine);
    await sight(store);
    await store.recordDecision(recordOf(sampleDecision("de_1")));
    await store.recordFirewall(sampleFirewall("edge-1"));
    await store.raiseAlarm({ key: "k", message: "m", advice: "a" }, [], t0);
    await store.liftBlocks(prefix("203.0.113.9/32"), {
      actor: "anna",
      reason: "mistake",
      now: after(1),
      graceUntil: after(1),
    });

    expect((await store.counts(after(9))).notificationsWaiting).toBe(1);
    expect(await store.claimNotifications("hec", sampleClaim({ now: after(99) }))).toEqual([]);
  });

  describe("of a decision", () => {
    test("is the decision and its block, once, however often it is recorded", async () => {
      const store = await telling();
      await sight(store);

      await store.recordDecision(recordOf(sampleDecision("de_1")));
      await store.recordDecision(recordOf(sampleDecision("de_1")));

      const told = await takeTold(store);
      expect(told.map(({ id, kind, at }) => [id, kind, at])).toEqual([
        ["decision:de_1", "decision", t0],
        [`block:${await blockId(store)}:decided`, "block", t0],
      ]);
      expect(told[1]?.fields).toMatchObject({
        block_id: await blockId(store),
        decision_id: "de_1",
        prefix: "203.0.113.9/32",
        src_ip: "203.0.113.9",
        change: "decided",
        search_name: "SSH brute force",
        reason: "8 of 90 engines call it malicious",
        expires_at: after(3600).toISOString(),
      });
      expect(await takeTold(store)).toEqual([]);
    });

    test("is also one to watch, to ignore or to hold, and one that turned out otherwise", async () => {
      const store = await telling();
      await sight(store);
      for (const [n, action] of (["watch", "ignore", "hold", "block", "block"] as const).entries()) {
        const about = { ip: ip(`203.0.113.${n === 4 ? 3 : n}`), action } as const;
        await store.recordDecision(recordOf(sampleDecision(`de_${n}`, about)));
      }

      const told = (await takeTold(store)).filter(({ kind }) => kind === "decision");
      expect(told.map(({ fields }) => fields["decision"])).toEqual([
        "watch",
        "ignore",
        "hold",
        "block",
        "ignore",
      ]);
      expect(told[4]?.fields["reason"]).toMatch(/^already blocked until /);
    });

    test("says whose place a block takes", async () => {
      const { store, id } = await blockingStore(await engine.newDatabase());
      const longer = sampleDecision("de_2", { actor: "anna", expiresAt: after(9000), decidedAt: after(5) });

      await store.recordDecision(recordOf(longer));

      const [, block] = await takeTold(store);
      expect(block?.fields).toMatchObject({ change: "decided", replaces: id, actor: "anna" });
    });

    test("is not told when the decision can't be committed", async () => {
      const databaseUrl = await engine.newDatabase();
      const store = await openTellingStore(databaseUrl);
      await sight(store);
      await engine.tamper(databaseUrl, "drop table receipts");

      await expect(store.recordDecision(recordOf(sampleDecision("de_1")))).rejects.toThrow("receipts");

      expect(await takeTold(store)).toEqual([]);
    });
  });

  describe("of a firewall", () => {
    test("is each change, and not each look", async () => {
      const store = await telling();
      const records = [
        sampleFirewall("edge-1"),
        sampleFirewall("edge-1", { checkedAt: after(60), inSyncAt: after(60) }),
        sampleFirewall("edge-1", { checkedAt: after(120), state: "unreachable", error: "timed out" }),
        sampleFirewall("edge-1", { checkedAt: after(180), state: "unreachable", error: "timed out" }),
        sampleFirewall("edge-1", { checkedAt: after(240), drifts: 1 }),
        sampleFirewall("edge-1", { checkedAt: after(300), drifts: 1, capacity: { used: 10, most: 1000 } }),
        sampleFirewall("edge-1", { checkedAt: after(360), drifts: 1, capacity: { used: 950, most: 1000 } }),
      ];
      for (const record of records) {
        await store.recordFirewall(record);
      }

      const told = await takeTold(store);
      expect(told.map(({ at }) => at)).toEqual([0, 120, 240, 360].map(after));
      expect(told[1]).toMatchObject({
        id: `firewall:edge-1:${after(120).getTime()}`,
        fields: { state: "unreachable", in_sync: false, error: "timed out" },
      });
      expect(told[3]?.fields).toMatchObject({ in_sync: true, entries_used: 950, entries_most: 1000 });
    });
  });

  describe("of an alarm", () => {
    const alarm = { key: "limit", message: "too many", advice: "look" };

    test("is that it was raised and that it ended, each once", async () => {
      const store = await telling();
      await store.raiseAlarm(alarm, ["email"], t0);
      await store.raiseAlarm(alarm, ["email"], after(1));
      await store.endAlarm("limit", after(2));
      await store.endAlarm("limit", after(3));

      const [raised, ended, ...others] = await takeTold(store);
      expect(others).toEqual([]);
      expect(raised?.fields).toMatchObject({ alarm_key: "limit", state: "raised", message: "too many" });
      expect(ended?.fields).toMatchObject({ state: "ended", ended_at: after(2).toISOString() });
      expect([raised?.id, ended?.id]).toEqual([
        `alarm:${String(raised?.fields["alarm_id"])}:raised`,
        `alarm:${String(raised?.fields["alarm_id"])}:ended`,
      ]);
    });
  });

  describe("of how things stand", () => {
    const status = (period: Date) =>
      ({ id: `status:${period.getTime()}`, kind: "status", at: period, fields: {} }) as const;

    test("is told once per period, whichever replica comes first, with the firewalls that are named", async () => {
      const databaseUrl = await engine.newDatabase();
      const one = await openTellingStore(databaseUrl);
      const two = engine.name === "SQLite" ? one : await openTellingStore(databaseUrl);
      await one.recordFirewall(sampleFirewall("edge-1"));
      await one.recordFirewall(sampleFirewall("gone"));
      await takeTold(one);
      const tell = (store: Store, period: Date) =>
        store.tellState(period, { events: [status(period)], firewalls: ["edge-1", "never-seen"] });

      const first = await Promise.all([tell(one, after(300)), tell(two, after(300))]);
      const told = await takeTold(one);

      expect(first.toSorted()).toEqual([false, true]);
      expect(told.map(({ id }) => id)).toEqual([
        `status:${after(300).getTime()}`,
        `firewall:edge-1:${after(300).getTime()}`,
      ]);
      // Also after what was told has been delivered, and an older one.
      expect(await tell(two, after(300))).toBe(false);
      expect(await tell(two, t0)).toBe(false);
      expect(await tell(two, after(600))).toBe(true);
    });
  });

  describe("in the outbox", () => {
    async function waiting(count: number, databaseUrl?: string): Promise<Store> {
      const store = await openTellingStore(databaseUrl ?? (await engine.newDatabase()));
      await sight(store);
      for (let n = 0; n < count; n += 1) {
        const about = { ip: ip(`203.0.113.${n}`), action: "watch", decidedAt: after(n) } as const;
        await store.recordDecision(recordOf(sampleDecision(`de_${n}`, about)));
      }
      return store;
    }

    const claim = (limit: number, now = after(1000)) => sampleClaim({ limit, now });

    test("comes oldest first, as much as may be claimed at once, and one that is larger alone", async () => {
      const store = await waiting(5);

      const two = await store.claimNotifications("hec", claim(2));
      const bytes = JSON.stringify({ kind: "decision", fields: two[0]?.event?.fields }).length;
      const light = await store.claimNotifications("hec", claim(9), 2 * bytes + 9);
      const alone = await store.claimNotifications("hec", claim(9), 1);

      expect([two, light, alone].map((some) => some.map(({ subject }) => subject.id))).toEqual([
        ["decision:de_0", "decision:de_1"],
        ["decision:de_2", "decision:de_3"],
        ["decision:de_4"],
      ]);
    });

    test("is put off, given up without its text, or deleted, many at once", async () => {
      const databaseUrl = await engine.newDatabase();
      const store = await waiting(6, databaseUrl);
      const ids = (await store.claimNotifications("hec", claim(6))).map(({ id }) => id);

      await store.postponeNotifications(ids.slice(0, 2), after(2000), "busy");
      await store.failNotifications(ids.slice(2, 4), "refused");
      await store.deleteNotifications(ids.slice(4));

      expect(await store.claimNotifications("hec", claim(9, after(1999)))).toEqual([]);
      const again = await store.claimNotifications("hec", claim(9, after(2000)));
      expect(again.map(({ subject, attempts }) => [subject.id, attempts])).toEqual([
        ["decision:de_0", 1],
        ["decision:de_1", 1],
      ]);
      const { notificationsWaiting, notificationsFailed } = await store.counts(t0);
      expect([notificationsWaiting, notificationsFailed]).toEqual([2, 2]);
      await engine.tamper(
        databaseUrl,
        "update notifications set state = 'waiting', due_at = 0 where state = 'failed'",
      );
      const raised = await store.claimNotifications("hec", claim(9, t0));
      expect(raised.map(({ event }) => event)).toEqual([null, null]);
    });

    test("does not keep people's messages waiting", async () => {
      const store = await waiting(3);
      await store.raiseAlarm({ key: "k", message: "m", advice: "a" }, ["email"], after(2000));

      const mails = await store.claimNotifications("email", sampleClaim({ now: after(2000), limit: 1 }));

      expect(mails.map(({ subject, event }) => [subject.kind, event])).toEqual([["alarm", null]]);
    });

    test("one that somebody has damaged is given up, and the others come", async () => {
      const databaseUrl = await engine.newDatabase();
      const first = await openTellingStore(databaseUrl);
      await sight(first);
      await first.recordDecision(recordOf(sampleDecision("de_1")));
      await first.close();
      await engine.tamper(
        databaseUrl,
        "update notifications set body = '{' where subject_id = 'decision:de_1'",
      );
      const store = await openTellingStore(databaseUrl);

      expect((await takeTold(store)).map(({ kind }) => kind)).toEqual(["block"]);
      expect((await store.counts(t0)).notificationsFailed).toBe(1);
    });
  });
});
