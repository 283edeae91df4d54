import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { describe, expect, test } from "vitest";
import type { EnforcementResult, Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleClaim, sampleDecision, sight, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

async function standingId(store: Store): Promise<string> {
  const [block] = await store.standingBlocks(t0);
  return block?.id ?? "";
}

function result(
  blockId: string,
  state: EnforcementResult["state"],
  error: string | null = null,
): EnforcementResult {
  return { blockId, state, error };
}

const mails = (store: Store, now: Date) =>
  store.claimNotifications("email", sampleClaim({ now, leaseMs: 0 }));

/** Puts 100,000 standing blocks into a database, past the store. */
async function fill(databaseUrl: string): Promise<void> {
  const insert = (series: string): string => `
    insert into blocks (id, prefix, mode, decision_id, created_at, expires_at)
    select 'bl_' || n, '10.' || (n / 65536) || '.' || ((n / 256) % 256) || '.' || (n % 256) || '/32', 'enforce', 'de_' || n,
      ${t0.getTime()}, ${after(3600).getTime()} + n / 2
    from ${series}`;
  if (databaseUrl.startsWith("sqlite:")) {
    const database = new DatabaseSync(databaseUrl.slice("sqlite:".length));
    database.exec(
      insert(
        "(with recursive s(n) as (select 0 union all select n + 1 from s where n < 99999) select n from s)",
      ),
    );
    database.close();
    return;
  }
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(insert("generate_series(0, 99999) as n"));
  await client.end();
}

describeStore("the store's enforcement", (engine) => {
  describe("changes that wait for a firewall", () => {
    test("come oldest first, as many as asked for, and not when their block has ended", async () => {
      const store = await newStore(engine);
      for (const n of [2, 1, 3]) {
        const times = { decidedAt: after(n), expiresAt: after(n * 1000) };
        await store.recordDecision(
          recordOf(sampleDecision(`de_${n}`, { ip: ip(`203.0.113.${n}`), ...times })),
        );
      }

      const changes = (now: Date, limit: number) => store.requestedChanges("edge-1", now, limit);

      expect((await changes(after(9), 2)).map((change) => change.prefix)).toEqual([
        "203.0.113.1/32",
        "203.0.113.2/32",
      ]);
      expect(await changes(after(1000), 1)).toMatchObject([
        { prefix: "203.0.113.2/32", kind: "add", expiresAt: after(2000) },
      ]);
      expect(await changes(after(3000), 9)).toEqual([]);
      expect(await store.requestedChanges("edge-3", t0, 9)).toEqual([]);
      expect((await store.counts(after(2999))).enforcementsPending).toBe(2);
    });

    test("are answered with an end state, and say since when it is in force", async () => {
      const store = await newStore(engine);
      await sight(store);
      await store.recordDecision(recordOf(sampleDecision("de_1")));
      const id = await standingId(store);

      await store.recordEnforcements("edge-1", [result(id, "verified")], after(1));
      await store.recordEnforcements("edge-1", [result(id, "verified")], after(61));
      await store.recordEnforcements("edge-2", [result(id, "refused", "own address\0")], after(2));

      expect((await store.story("de_1")).enforcements).toEqual([
        {
          blockId: id,
          firewall: "edge-1",
          state: "verified",
          requestedAt: t0,
          verifiedAt: after(1),
          error: null,
        },
        {
          blockId: id,
          firewall: "edge-2",
          state: "refused",
          requestedAt: t0,
          verifiedAt: null,
          error: "own address\u{FFFD}",
        },
      ]);
      expect(await store.requestedChanges("edge-1", after(2), 9)).toEqual([]);
      expect((await store.counts(after(2))).enforcementsPending).toBe(0);
    });

    test("keep the last fault while they wait, and only there", async () => {
      const store = await newStore(engine);
      await sight(store);
      await store.recordDecision(recordOf(sampleDecision("de_1")));
      await store.recordEnforcements("edge-2", [result(await standingId(store), "verified")], t0);

      await store.noteEnforcementFault("edge-1", "connection refused");
      await store.noteEnforcementFault("edge-1", "edge-1: timed out\0");
      await store.noteEnforcementFault("edge-2", "edge-2: timed out");

      expect((await store.story("de_1")).enforcements).toMatchObject([
        { state: "requested", error: "edge-1: timed out\u{FFFD}" },
        { state: "verified", error: null },
      ]);
    });

    test("are made for a firewall that is new, and again for what failed, but not for what ended or was refused", async () => {
      const store = await newStore(engine);
      const firewalls = ["edge-1"];
      for (const n of [1, 2, 3, 4, 5]) {
        await store.recordDecision(
          recordOf(sampleDecision(`de_${n}`, { ip: ip(`203.0.113.${n}`) }), { firewalls }),
        );
      }
      const ids = new Map((await store.standingBlocks(t0)).map((block) => [block.decisionId, block.id]));
      const id = (n: number): string => ids.get(`de_${n}`) ?? "";
      await store.recordEnforcements(
        "edge-1",
        [result(id(1), "failed", "x"), result(id(2), "refused", "x"), result(id(3), "verified")],
        t0,
      );
      await store.liftBlock(prefix("203.0.113.5/32"), { actor: "a", reason: "r", now: t0, graceUntil: t0 });

      await store.requestEnforcements("edge-1", [...ids.values(), "bl_none"], after(5));
      await store.requestEnforcements("edge-2", [...ids.values()], after(5));

      const requested = async (firewall: string) =>
        (await store.requestedChanges(firewall, after(5), 9))
          .map(({ kind, prefix }) => `${kind} ${prefix}`)
          .toSorted();
      expect(await requested("edge-1")).toEqual([
        "add 203.0.113.1/32",
        "add 203.0.113.4/32",
        "remove 203.0.113.5/32",
      ]);
      expect(await requested("edge-2")).toEqual([1, 2, 3, 4].map((n) => `add 203.0.113.${n}/32`));
    });
  });

  describe("a notification", () => {
    test("is due when every firewall has answered, or at its own time", async () => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1")));
      const id = await standingId(store);

      expect(await mails(store, after(29))).toEqual([]);
      await store.recordEnforcements("edge-1", [result(id, "verified")], after(1));
      expect(await mails(store, after(1))).toEqual([]);
      await store.recordEnforcements("edge-2", [result(id, "failed", "no such set")], after(2));

      expect(await mails(store, after(2))).toMatchObject([{ decisionId: "de_1", attempts: 0 }]);
      expect(await store.claimNotifications("slack", sampleClaim({ now: after(99) }))).toEqual([]);
    });

    test("of a hold is due at its own time", async () => {
      const store = await newStore(engine);
      await sight(store);
      await store.recordDecision(recordOf(sampleDecision("de_1", { action: "hold" })));

      expect(await mails(store, after(29))).toEqual([]);
      expect(await mails(store, after(30))).toHaveLength(1);
      expect(await store.story("de_1")).toMatchObject({ block: null, enforcements: [] });
    });

    test("becomes due also when two firewalls answer at the same moment", async () => {
      const [a, b] = await engine.openTwo(await engine.newDatabase());
      const numbers = Array.from({ length: 30 }, (_, n) => n + 1);
      await Promise.all(
        numbers.map((n) =>
          a.recordDecision(recordOf(sampleDecision(`de_${n}`, { ip: ip(`203.0.113.${n}`) }))),
        ),
      );
      const results = (await a.standingBlocks(t0)).map((block) => result(block.id, "verified"));

      await Promise.all([
        a.recordEnforcements("edge-1", results, after(1)),
        b.recordEnforcements("edge-2", results.toReversed(), after(1)),
      ]);

      expect(await mails(a, after(1))).toHaveLength(30);
    });

    test("that was postponed waits for its time, with its attempts counted", async () => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1"), { firewalls: ["edge-1"] }));
      const [mail] = await store.claimNotifications("email", sampleClaim({ now: after(30) }));

      await store.postponeNotification(mail?.id ?? "", after(90), "451 try later\0");
      await store.recordEnforcements("edge-1", [result(await standingId(store), "verified")], after(31));

      expect(await mails(store, after(89))).toEqual([]);
      expect(await mails(store, after(90))).toEqual([{ id: mail?.id, decisionId: "de_1", attempts: 1 }]);
    });

    test("that was sent or given up is never sent again, and counted", async () => {
      const store = await newStore(engine);
      for (const n of [1, 2]) {
        await store.recordDecision(recordOf(sampleDecision(`de_${n}`, { ip: ip(`203.0.113.${n}`) })));
      }
      const [first, second] = await store.claimNotifications("email", sampleClaim({ now: after(30) }));

      await store.notificationSent(first?.id ?? "", after(31));
      await store.failNotification(second?.id ?? "", "550 no such user");
      await store.postponeNotification(first?.id ?? "", after(32), "late");
      await store.postponeNotification(second?.id ?? "", after(32), "late");

      expect(await mails(store, after(9999))).toEqual([]);
      expect(await store.counts(t0)).toMatchObject({ notificationsWaiting: 0, notificationsFailed: 1 });
    });
  });

  test("100,000 blocks are read, requested and confirmed in seconds", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await fill(databaseUrl);

    const startedAt = performance.now();
    const blocks = await store.standingBlocks(t0);
    const readMs = performance.now() - startedAt;
    const ids = blocks.map(({ id }) => id);
    await store.requestEnforcements("edge-1", ids, t0);
    const pending = (await store.counts(t0)).enforcementsPending;
    await store.recordEnforcements(
      "edge-1",
      ids.map((id) => result(id, "verified")),
      t0,
    );

    expect(new Set(ids).size).toBe(100_000);
    expect(blocks[99_999]).toMatchObject({
      id: "bl_99999",
      prefix: "10.1.134.159/32",
      decisionId: "de_99999",
    });
    // Generous: other work may run on the machine.
    expect(readMs).toBeLessThan(3000);
    expect(pending).toBe(100_000);
    expect((await store.counts(t0)).enforcementsPending).toBe(0);
  });
});
