import { describe, expect, test } from "vitest";
import { standingOf } from "../fakes/facts.ts";
import {
  after,
  ip,
  recordOf,
  sampleAlert,
  sampleDecision,
  sampleEnforcement,
  sight,
  t0,
} from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

describeStore("the store's decisions and blocks", (engine) => {
  describe("recording a decision", () => {
    test("commits the block, a request per firewall and the notifications, and the sighting is done", async () => {
      const store = await newStore(engine);
      const sightingId = await sight(store);
      const decision = sampleDecision("de_1", {
        reasons: [`it's "bad" \0 😀`],
        findings: [
          {
            status: "failed",
            provider: "abuseipdb",
            ip: ip("203.0.113.9"),
            foundAt: t0,
            reason: "timed out",
            expiresAt: after(60),
          },
        ],
      });

      const recorded = await store.recordDecision(recordOf(decision, { sightingId }));

      expect(recorded).toEqual(decision);
      const { block, ...story } = await store.story("de_1");
      expect(block).toMatchObject({
        prefix: "203.0.113.9/32",
        groups: null,
        mode: "enforce",
        decisionId: "de_1",
        expiresAt: after(3600),
      });
      expect(story).toEqual({
        decision,
        alert: sampleAlert("al_1"),
        sighting: { ip: ip("203.0.113.9"), count: 7, fields: ["src_ip"], severity: null },
        enforcements: [
          sampleEnforcement({ blockId: block?.id ?? "", firewall: "edge-1" }),
          sampleEnforcement({ blockId: block?.id ?? "", firewall: "edge-2" }),
        ],
      });
      expect(await store.standingBlocks(t0)).toEqual([block]);
      expect(await store.counts(t0)).toMatchObject({
        sightingsWaiting: 0,
        decisions: { block: 1 },
        blocksStanding: 1,
        enforcementsPending: 2,
        notificationsWaiting: 1,
      });
    });

    test("a repeated decision id changes nothing", async () => {
      const store = await newStore(engine);
      const first = await store.recordDecision(recordOf(sampleDecision("de_1")));

      const second = await store.recordDecision(
        recordOf(sampleDecision("de_1", { action: "watch", expiresAt: null, decidedAt: after(9) })),
      );

      expect(second).toEqual(first);
      expect((await store.counts(t0)).decisions).toEqual({ block: 1 });
    });

    test("the same decision recorded 20 times at once is one decision", async () => {
      const [a, b] = await engine.openTwo(await engine.newDatabase());

      const recorded = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 === 0 ? a : b).recordDecision(recordOf(sampleDecision("de_1"))),
        ),
      );

      expect(recorded).toEqual(Array.from({ length: 20 }, () => sampleDecision("de_1")));
      expect(await a.counts(t0)).toMatchObject({
        decisions: { block: 1 },
        blocksStanding: 1,
        notificationsWaiting: 1,
      });
    });

    test.each(["block", "hold"] as const)(
      "20 decisions at once to %s one address: one wins, 19 say so",
      async (action) => {
        const [a, b] = await engine.openTwo(await engine.newDatabase());

        const recorded = await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            (n % 2 === 0 ? a : b).recordDecision(recordOf(sampleDecision(`de_${n}`, { action }))),
          ),
        );

        const [winner, ...others] = recorded.filter((decision) => decision.action === action);
        const ignored = recorded.filter((decision) => decision.action === "ignore");
        expect(others).toEqual([]);
        expect(ignored).toHaveLength(19);
        expect(ignored[0]).toMatchObject({ expiresAt: null, rule: "virustotal.malicious >= 2" });
        expect(new Set(ignored.map(({ reasons }) => reasons[0]))).toEqual(
          new Set([
            `already ${action === "block" ? "blocked" : "held"} until 2026-11-21T10:00:00.000Z by decision ${winner?.id}`,
          ]),
        );
        expect(await a.counts(t0)).toMatchObject({ notificationsWaiting: 1 });
        expect(await b.standingBlocks(t0)).toHaveLength(action === "block" ? 1 : 0);
      },
    );

    test("in mode observe a block is on record and no firewall is asked for it", async () => {
      const store = await newStore(engine);
      await sight(store);

      await store.recordDecision(recordOf(sampleDecision("de_1", { mode: "observe" })));

      expect(await store.story("de_1")).toMatchObject({ block: { mode: "observe" }, enforcements: [] });
      expect(await store.standingBlocks(t0)).toEqual([]);
      expect(await store.requestedChanges("edge-1", { now: t0, limit: 10 })).toEqual([]);
      expect((await standingOf(store, ip("203.0.113.9"), "observe", t0)).block).not.toBeNull();
      expect((await standingOf(store, ip("203.0.113.9"), "enforce", t0)).block).toBeNull();
    });

    test.each(["watch", "ignore"] as const)("%s tells nobody", async (action) => {
      const store = await newStore(engine);

      await store.recordDecision(recordOf(sampleDecision("de_1", { action, expiresAt: null })));

      expect(await store.counts(t0)).toMatchObject({ decisions: { [action]: 1 }, notificationsWaiting: 0 });
    });

    test("a story about no decision is a bug", async () => {
      const store = await newStore(engine);

      await expect(store.story("de_none")).rejects.toThrow("there is no decision de_none");
    });
  });

  describe("what stands", () => {
    test("a block stands until it ends, and then makes room for another one", async () => {
      const store = await newStore(engine);
      await sight(store);
      await store.recordDecision(recordOf(sampleDecision("de_1")));
      const { block } = await store.story("de_1");

      expect((await standingOf(store, ip("203.0.113.9"), "enforce", after(3599))).block).toEqual(block);
      expect((await standingOf(store, ip("203.0.113.9"), "enforce", after(3600))).block).toBeNull();
      expect((await standingOf(store, ip("203.0.113.8"), "enforce", t0)).block).toBeNull();
      expect(await store.standingBlocks(after(3600))).toEqual([]);

      await store.recordDecision(
        recordOf(sampleDecision("de_2", { decidedAt: after(3600), expiresAt: after(9000) })),
      );

      expect(await store.standingBlocks(after(3600))).toMatchObject([{ decisionId: "de_2" }]);
      expect((await store.story("de_1")).block).toEqual(block);
    });

    test("a hold stands until it lapses, and then makes room for another one", async () => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1", { action: "hold" })));

      expect((await standingOf(store, ip("203.0.113.9"), "enforce", after(3599))).heldUntil).toEqual(
        after(3600),
      );
      expect((await standingOf(store, ip("203.0.113.9"), "enforce", after(3600))).heldUntil).toBeNull();

      const next = sampleDecision("de_2", { action: "hold", decidedAt: after(3600), expiresAt: after(9000) });
      expect(await store.recordDecision(recordOf(next))).toEqual(next);
    });

    test("a block ends the hold of its address", async () => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1", { action: "hold" })));

      await store.recordDecision(recordOf(sampleDecision("de_2")));

      expect((await standingOf(store, ip("203.0.113.9"), "enforce", t0)).heldUntil).toBeNull();
    });
  });
});
