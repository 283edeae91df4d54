import { expect, test } from "vitest";
import { standingOf } from "../fakes/facts.ts";
import { after, ip, prefix, recordOf, sampleDecision, sight, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const attacker = prefix("203.0.113.9/32");
const lift = { actor: "alice", reason: "that's our scanner\0", now: after(60), graceUntil: after(600) };

describeStore("lifting a block", (engine) => {
  test("takes it off every firewall, also where it was never confirmed, and keeps alerts away for a while", async () => {
    const store = await newStore(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1")));
    const [block] = await store.standingBlocks(t0);
    await store.recordEnforcements(
      "edge-1",
      [{ blockId: block?.id ?? "", state: "verified", error: null }],
      t0,
    );

    expect(await store.liftBlocks(attacker, lift)).toEqual([block]);

    expect(await store.standingBlocks(after(60))).toEqual([]);
    for (const firewall of ["edge-1", "edge-2"]) {
      expect(await store.requestedChanges(firewall, { now: after(60), limit: 10 })).toMatchObject([
        { kind: "remove", prefix: attacker },
      ]);
    }
    const standing = (now: Date) => standingOf(store, ip("203.0.113.9"), "enforce", now);
    expect(await standing(after(599))).toEqual({ block: null, heldUntil: null, graceUntil: after(600) });
    expect((await standing(after(600))).graceUntil).toBeNull();
  });

  test("is over when each firewall has confirmed it", async () => {
    const store = await newStore(engine);
    await sight(store);
    await store.recordDecision(recordOf(sampleDecision("de_1"), { firewalls: ["edge-1"] }));
    const [block] = await store.standingBlocks(t0);
    const result = { blockId: block?.id ?? "", error: null };
    await store.liftBlocks(attacker, lift);

    await store.recordEnforcements("edge-1", [{ ...result, state: "failed", error: "timed out" }], after(61));
    expect((await store.story("de_1")).enforcements).toMatchObject([
      { state: "lifting", error: "timed out" },
    ]);
    expect(await store.requestedChanges("edge-1", { now: after(61), limit: 10 })).toMatchObject([
      { kind: "remove" },
    ]);

    await store.recordEnforcements("edge-1", [{ ...result, state: "lifted" }], after(62));
    expect((await store.story("de_1")).enforcements).toMatchObject([{ state: "lifted", error: null }]);
    expect(await store.requestedChanges("edge-1", { now: after(62), limit: 10 })).toEqual([]);
    expect((await store.counts(after(62))).enforcementsPending).toBe(0);
  });

  test("is not lost when the confirmation of the block comes after it", async () => {
    const store = await newStore(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1"), { firewalls: ["edge-1"] }));
    const [block] = await store.standingBlocks(t0);
    await store.liftBlocks(attacker, lift);

    await store.recordEnforcements(
      "edge-1",
      [{ blockId: block?.id ?? "", state: "verified", error: null }],
      after(61),
    );

    expect(await store.requestedChanges("edge-1", { now: after(61), limit: 10 })).toMatchObject([
      { kind: "remove" },
    ]);
  });

  test("a new block on the same network wins over the lifting of the old one", async () => {
    const store = await newStore(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1"), { firewalls: ["edge-1"] }));
    const [old] = await store.standingBlocks(t0);
    await store.liftBlocks(attacker, lift);

    await store.recordDecision(
      recordOf(sampleDecision("de_2", { decidedAt: after(61), actor: "alice" }), { firewalls: ["edge-1"] }),
    );
    await store.recordEnforcements(
      "edge-1",
      [{ blockId: old?.id ?? "", state: "lifted", error: null }],
      after(62),
    );

    const [block] = await store.standingBlocks(after(62));
    expect(block?.id).not.toBe(old?.id);
    expect(await store.requestedChanges("edge-1", { now: after(62), limit: 10 })).toMatchObject([
      { kind: "add", blockId: block?.id },
    ]);
    expect((await store.counts(after(62))).enforcementsPending).toBe(1);
  });

  test("what does not stand can't be lifted", async () => {
    const store = await newStore(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1")));

    expect(await store.liftBlocks(prefix("203.0.112.0/24"), lift)).toEqual([]);
    expect(await store.liftBlocks(attacker, { ...lift, now: after(3600) })).toEqual([]);
    expect((await standingOf(store, ip("203.0.113.9"), "enforce", after(60))).graceUntil).toBeNull();
    expect(await store.liftBlocks(attacker, lift)).toHaveLength(1);
    expect(await store.liftBlocks(attacker, lift)).toEqual([]);
  });

  test("that does not stand leaves the hold of its address", async () => {
    const store = await newStore(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1", { action: "hold" })));

    expect(await store.liftBlocks(attacker, lift)).toEqual([]);

    const standing = await standingOf(store, ip("203.0.113.9"), "enforce", after(60));
    expect(standing).toEqual({ block: null, heldUntil: after(3600), graceUntil: null });
  });

  test.each(["enforce", "observe"] as const)(
    "keeps out what the policy decided from an older look, whatever the mode: lifted in %s",
    async (mode) => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1", { mode })));
      await store.liftBlocks(attacker, lift);

      const late = (id: string, seconds: number) =>
        store.recordDecision(
          recordOf(sampleDecision(id, { decidedAt: after(seconds), expiresAt: after(9999) })),
        );

      expect(await late("de_2", 599)).toMatchObject({
        action: "ignore",
        expiresAt: null,
        reasons: [
          `a person lifted its block; alerts can't block it before ${after(600).toISOString()}`,
          "8 of 90 engines call it malicious",
        ],
      });
      expect(await store.standingBlocks(after(599))).toEqual([]);
      expect(await store.recordDecision(recordOf(sampleDecision("de_2")))).toMatchObject({
        action: "ignore",
      });
      expect(await late("de_3", 600)).toMatchObject({ action: "block" });
      expect(await store.standingBlocks(after(600))).toMatchObject([{ decisionId: "de_3" }]);
    },
  );

  test("a person may block again what a person has lifted", async () => {
    const store = await newStore(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1")));
    await store.liftBlocks(attacker, lift);

    const decision = sampleDecision("de_2", { actor: "bob", decidedAt: after(61) });

    expect(await store.recordDecision(recordOf(decision))).toEqual(decision);
  });

  test("while the policy decides to block the address again and again, wins", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    await a.recordDecision(recordOf(sampleDecision("de_0")));
    const decideAgain = (n: number) =>
      (n % 2 === 0 ? a : b).recordDecision(recordOf(sampleDecision(`de_${n}`, { decidedAt: after(1) })));

    const [lifted] = await Promise.all([
      a.liftBlocks(attacker, lift),
      ...Array.from({ length: 60 }, (_, n) => decideAgain(n + 1)),
    ]);

    expect(lifted).toMatchObject([{ decisionId: "de_0" }]);
    expect(await a.standingBlocks(after(60))).toEqual([]);
    expect((await a.counts(after(60))).decisions).toEqual({ block: 1, ignore: 60 });
  });

  test("ends blocks of every mode and the hold of the address", async () => {
    const store = await newStore(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1", { mode: "observe" })));
    await store.recordDecision(recordOf(sampleDecision("de_2")));
    await store.recordDecision(recordOf(sampleDecision("de_3", { action: "hold" })));

    const lifted = await store.liftBlocks(attacker, lift);
    expect(lifted.map(({ decisionId }) => decisionId).toSorted()).toEqual(["de_1", "de_2"]);

    const standing = { block: null, heldUntil: null, graceUntil: after(600) };
    expect(await standingOf(store, ip("203.0.113.9"), "observe", after(60))).toEqual(standing);
    expect(await standingOf(store, ip("203.0.113.9"), "enforce", after(60))).toEqual(standing);
  });
});
