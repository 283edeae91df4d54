import { describe, expect, test } from "vitest";
import type { EnforcementResult, Store } from "../../src/ports.ts";
import {
  after,
  ip,
  prefix,
  recordOf,
  sampleClaim,
  sampleDecision,
  sampleEnforcement,
  sight,
  t0,
} from "../fakes/samples.ts";
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

      const changes = (now: Date, limit: number) => store.requestedChanges("edge-1", { now, limit });

      expect((await changes(after(9), 2)).map((change) => change.prefix)).toEqual([
        "203.0.113.1/32",
        "203.0.113.2/32",
      ]);
      expect(await changes(after(1000), 1)).toMatchObject([
        { prefix: "203.0.113.2/32", kind: "add", expiresAt: after(2000) },
      ]);
      expect(await changes(after(3000), 9)).toEqual([]);
      expect(await store.requestedChanges("edge-3", { now: t0, limit: 9 })).toEqual([]);
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
        sampleEnforcement({ blockId: id, state: "verified", appliedAt: after(1), verifiedAt: after(1) }),
        sampleEnforcement({
          blockId: id,
          firewall: "edge-2",
          state: "refused",
          error: "own address\u{FFFD}",
        }),
      ]);
      expect(await store.requestedChanges("edge-1", { now: after(2), limit: 9 })).toEqual([]);
      expect((await store.counts(after(2))).enforcementsPending).toBe(0);
    });

    test("say since when the kernel has it, apart from since when it is in force", async () => {
      const store = await newStore(engine);
      await sight(store);
      await store.recordDecision(recordOf(sampleDecision("de_1"), { firewalls: ["edge-1"] }));
      const id = await standingId(store);
      const states: object[] = [];
      const record = async (state: EnforcementResult["state"], seconds: number): Promise<void> => {
        await store.recordEnforcements("edge-1", [result(id, state)], after(seconds));
        const [{ state: now, appliedAt, verifiedAt } = sampleEnforcement()] = (await store.story("de_1"))
          .enforcements;
        states.push({ now, appliedAt, verifiedAt });
      };

      await record("applied", 1);
      await record("verified", 2);
      await record("applied", 3);
      await record("verified", 4);
      await record("failed", 5);
      await record("verified", 6);

      expect(states).toEqual([
        { now: "applied", appliedAt: after(1), verifiedAt: null },
        { now: "verified", appliedAt: after(1), verifiedAt: after(2) },
        { now: "applied", appliedAt: after(1), verifiedAt: null },
        { now: "verified", appliedAt: after(1), verifiedAt: after(4) },
        { now: "failed", appliedAt: null, verifiedAt: null },
        { now: "verified", appliedAt: after(6), verifiedAt: after(6) },
      ]);
    });

    test("that were applied but let packets pass wait no more, and are requested again", async () => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1"), { firewalls: ["edge-1"] }));
      const id = await standingId(store);

      await store.recordEnforcements("edge-1", [result(id, "applied", "the jump is not first")], after(1));
      expect(await store.requestedChanges("edge-1", { now: after(1), limit: 9 })).toEqual([]);
      expect(await store.backlogs(after(1))).toEqual([]);

      await store.requestEnforcements("edge-1", [id], after(2));
      expect(await store.requestedChanges("edge-1", { now: after(2), limit: 9 })).toMatchObject([
        { blockId: id, kind: "add" },
      ]);
      expect(await store.backlogs(after(2))).toEqual([
        { firewall: "edge-1", pending: 1, oldestAt: after(2) },
      ]);
    });

    test("are counted per firewall with the time of the oldest, as long as their block stands", async () => {
      const store = await newStore(engine);
      for (const n of [1, 2, 3]) {
        const times = { decidedAt: after(n), expiresAt: after(n * 1000) };
        await store.recordDecision(
          recordOf(sampleDecision(`de_${n}`, { ip: ip(`203.0.113.${n}`), ...times })),
        );
      }
      const [first] = (await store.requestedChanges("edge-2", { now: after(9), limit: 1 })).map(
        ({ blockId }) => blockId,
      );
      await store.recordEnforcements("edge-2", [result(first ?? "", "verified")], after(9));

      expect(await store.backlogs(after(9))).toEqual([
        { firewall: "edge-1", pending: 3, oldestAt: after(1) },
        { firewall: "edge-2", pending: 2, oldestAt: after(2) },
      ]);
      expect(await store.backlogs(after(2000))).toEqual([
        { firewall: "edge-1", pending: 1, oldestAt: after(3) },
        { firewall: "edge-2", pending: 1, oldestAt: after(3) },
      ]);
      expect(await store.backlogs(after(3000))).toEqual([]);
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

    test("are made for a firewall that is new, and again for what failed or was refused, but not for what ended", async () => {
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
      await store.liftBlocks(prefix("203.0.113.5/32"), { actor: "a", reason: "r", now: t0, graceUntil: t0 });

      await store.requestEnforcements("edge-1", [...ids.values(), "bl_none"], after(5));
      await store.requestEnforcements("edge-2", [...ids.values()], after(5));

      const requested = async (firewall: string) =>
        (await store.requestedChanges(firewall, { now: after(5), limit: 9 }))
          .map(({ kind, prefix }) => `${kind} ${prefix}`)
          .toSorted();
      expect(await requested("edge-1")).toEqual([
        "add 203.0.113.1/32",
        "add 203.0.113.2/32",
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

      expect(await mails(store, after(2))).toMatchObject([
        { subject: { kind: "decision", id: "de_1" }, attempts: 0 },
      ]);
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

      await store.postponeNotifications([mail?.id ?? ""], after(90), "451 try later\0");
      await store.recordEnforcements("edge-1", [result(await standingId(store), "verified")], after(31));

      expect(await mails(store, after(89))).toEqual([]);
      expect(await mails(store, after(90))).toEqual([{ ...mail, attempts: 1 }]);
    });

    test("that was sent or given up is never sent again, and counted", async () => {
      const store = await newStore(engine);
      for (const n of [1, 2]) {
        await store.recordDecision(recordOf(sampleDecision(`de_${n}`, { ip: ip(`203.0.113.${n}`) })));
      }
      const [first, second] = await store.claimNotifications("email", sampleClaim({ now: after(30) }));

      await store.notificationsSent([first?.id ?? ""], after(31));
      await store.failNotifications([second?.id ?? ""], "550 no such user");
      await store.postponeNotifications([first?.id ?? ""], after(32), "late");
      await store.postponeNotifications([second?.id ?? ""], after(32), "late");

      expect(await mails(store, after(9999))).toEqual([]);
      expect(await store.counts(t0)).toMatchObject({ notificationsWaiting: 0, notificationsFailed: 1 });
    });
  });
});
