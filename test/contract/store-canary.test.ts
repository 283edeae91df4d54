import { expect, test } from "vitest";
import type { CanaryRule, EnforcementResult, Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const firewalls = ["canary-1", "canary-2", "edge-1"];

/** As a reconciler asks at that second: a canary has 30 s. */
function ruleAt(seconds: number, canaries: readonly string[] = ["canary-1", "canary-2"]): CanaryRule {
  return { canaries, awaited: canaries, barring: canaries, givenUpBefore: after(seconds - 30) };
}

async function place(store: Store, id = "de_1", names: readonly string[] = firewalls): Promise<string> {
  await store.recordDecision(
    recordOf(sampleDecision(id, { ip: ip(`203.0.113.${id.slice(3)}`) }), { firewalls: names }),
  );
  const blocks = await store.standingBlocks(t0);
  return blocks.find(({ decisionId }) => decisionId === id)?.id ?? "";
}

type State = EnforcementResult["state"];

async function answer(store: Store, canary: string, blockId: string, state: State, seconds = 1) {
  const error = state === "verified" ? null : "why";
  await store.recordEnforcements(canary, [{ blockId, state, error }], after(seconds));
}

/** What edge-1 is asked for at that second, both ways of asking, which must agree. */
async function isOpen(store: Store, blockId: string, seconds: number): Promise<boolean> {
  const changes = await store.requestedChanges("edge-1", {
    now: after(seconds),
    limit: 9,
    canary: ruleAt(seconds),
  });
  const withheld = await store.withheldBlocks(ruleAt(seconds), after(seconds));
  const asked = changes.some((change) => change.blockId === blockId);
  expect(withheld.has(blockId)).toBe(!asked);
  return asked;
}

describeStore("the store's canaries", (engine) => {
  test("a new block waits until every canary has it verified", async () => {
    const store = await newStore(engine);
    const id = await place(store);

    expect(await isOpen(store, id, 1)).toBe(false);
    await answer(store, "canary-1", id, "verified");
    expect(await isOpen(store, id, 1)).toBe(false);
    await answer(store, "canary-2", id, "verified");
    expect(await isOpen(store, id, 1)).toBe(true);
  });

  test("a canary is asked at once, and waits for the other one only when told so", async () => {
    const store = await newStore(engine);
    const id = await place(store);

    const asked = { blockId: id, kind: "add" };
    expect(await store.requestedChanges("canary-1", { now: after(1), limit: 9 })).toMatchObject([asked]);
    expect(
      await store.requestedChanges("canary-1", { now: after(1), limit: 9, canary: ruleAt(1, ["canary-1"]) }),
    ).toMatchObject([asked]);
    expect(await store.requestedChanges("canary-1", { now: after(1), limit: 9, canary: ruleAt(1) })).toEqual(
      [],
    );
  });

  test.each<{ state: State | null; at29: boolean; at30: boolean }>([
    { state: null, at29: false, at30: true },
    { state: "applied", at29: false, at30: true },
    { state: "failed", at29: false, at30: true },
    { state: "refused", at29: true, at30: true },
    { state: "withdrawn", at29: false, at30: false },
  ])("one that answers $state is waited for: $at29 after 29 s, $at30 after 30 s", async (expected) => {
    const store = await newStore(engine);
    const id = await place(store);
    await answer(store, "canary-1", id, "verified");
    if (expected.state !== null) {
      await answer(store, "canary-2", id, expected.state);
    }

    expect(await isOpen(store, id, 29)).toBe(expected.at29);
    expect(await isOpen(store, id, 30)).toBe(expected.at30);
  });

  test("one that fails again and again is not waited for any longer", async () => {
    const store = await newStore(engine);
    const id = await place(store);
    await answer(store, "canary-1", id, "verified");
    await answer(store, "canary-2", id, "failed", 20);

    await store.requestEnforcements("canary-2", [id], after(25));

    expect(await store.requestedChanges("canary-2", { now: after(25), limit: 9 })).toHaveLength(1);
    expect(await isOpen(store, id, 29)).toBe(false);
    expect(await isOpen(store, id, 30)).toBe(true);
  });

  test("a block that no canary was asked for does not wait", async () => {
    const store = await newStore(engine);
    const id = await place(store, "de_1", ["edge-1"]);

    expect(await isOpen(store, id, 1)).toBe(true);
    const none = ruleAt(1, []);
    expect(await store.withheldBlocks(none, after(1))).toEqual(new Set());
    expect(await store.requestedChanges("edge-1", { now: after(1), limit: 9, canary: none })).toHaveLength(1);
  });

  test("a block that is in force elsewhere does not wait for a canary that is new", async () => {
    const store = await newStore(engine);
    const id = await place(store, "de_1", ["edge-1", "edge-2"]);
    await answer(store, "edge-2", id, "verified");

    await store.requestEnforcements("canary-1", [id], after(1));

    expect(await isOpen(store, id, 1)).toBe(true);
  });

  test("what was withdrawn is kept, waits for nothing, and is tried again later, ahead of all others", async () => {
    const store = await newStore(engine);
    const id = await place(store);
    await answer(store, "canary-2", id, "verified", 5);
    await answer(store, "canary-1", id, "verified", 5);
    await answer(store, "canary-1", id, "withdrawn", 10);
    await store.noteEnforcementFault("canary-1", "timed out");

    const rows = async () => (await store.blocksOn(prefix("203.0.113.1/32"), t0))[0]?.enforcements;
    expect(await rows()).toMatchObject([
      { firewall: "canary-1", state: "withdrawn", error: "why", appliedAt: after(5), verifiedAt: after(5) },
      {},
      {},
    ]);
    expect(await store.requestedChanges("canary-1", { now: after(99), limit: 9 })).toEqual([]);
    expect(await store.backlogs(after(99))).toMatchObject([{ firewall: "edge-1", pending: 1 }]);
    expect((await store.counts(after(99))).enforcementsPending).toBe(1);
    expect(await store.withdrawnBlocks("canary-1", after(99))).toEqual(new Set([id]));
    expect(await store.withdrawnBlocks("canary-2", after(99))).toEqual(new Set());

    await store.retryWithdrawn("canary-1", after(100));
    expect(await store.requestedChanges("canary-1", { now: after(100), limit: 9 })).toMatchObject([
      { kind: "add" },
    ]);
    expect((await rows())?.[0]).toMatchObject({ state: "requested", error: null });
    expect(await isOpen(store, id, 129)).toBe(false);
    await answer(store, "canary-1", id, "verified", 129);
    expect(await isOpen(store, id, 129)).toBe(true);
  });

  test("what ended or was lifted is withheld no more, and a removal waits for no canary", async () => {
    const store = await newStore(engine);
    const lifted = await place(store, "de_1");
    const ended = await place(store, "de_2");
    const error = "no answer";
    const results = [lifted, ended].map((blockId) => ({ blockId, state: "withdrawn" as const, error }));
    await store.recordEnforcements("canary-1", results, t0);
    expect(await store.withheldBlocks(ruleAt(1), after(1))).toEqual(new Set([lifted, ended]));

    const lift = { actor: "alice", reason: "wrong", now: after(2), graceUntil: after(2) };
    await store.liftBlocks(prefix("203.0.113.1/32"), lift);

    expect(await store.withheldBlocks(ruleAt(3), after(3))).toEqual(new Set([ended]));
    expect(
      await store.requestedChanges("edge-1", { now: after(3), limit: 9, canary: ruleAt(3) }),
    ).toMatchObject([{ kind: "remove", blockId: lifted }]);
    expect(await store.requestedChanges("canary-1", { now: after(3), limit: 9 })).toMatchObject([
      { kind: "remove" },
    ]);
    expect(await store.withheldBlocks(ruleAt(3600), after(3600))).toEqual(new Set());
  });

  test("while it is tried it counts as withdrawn, however long that takes", async () => {
    const store = await newStore(engine);
    const id = await place(store, "de_1", ["canary-1", "edge-1"]);

    await store.beginTrial("canary-1", [id], after(1));

    expect(await isOpen(store, id, 600)).toBe(false);
    expect(await store.requestedChanges("canary-1", { now: after(2), limit: 9 })).toEqual([]);
    await answer(store, "canary-1", id, "verified", 601);
    expect(await isOpen(store, id, 601)).toBe(true);
  });

  test("somebody who lifts it meanwhile has it taken off", async () => {
    const store = await newStore(engine);
    const id = await place(store, "de_1", ["canary-1"]);
    await store.beginTrial("canary-1", [id], after(1));

    await store.liftBlocks(prefix("203.0.113.1/32"), {
      actor: "alice",
      reason: "wrong",
      now: after(2),
      graceUntil: after(2),
    });
    await answer(store, "canary-1", id, "verified", 3);

    expect(await store.requestedChanges("canary-1", { now: after(4), limit: 9 })).toMatchObject([
      { kind: "remove" },
    ]);
  });

  test("one that is waited for no more bars nothing by what it had withdrawn", async () => {
    const store = await newStore(engine);
    const id = await place(store, "de_1", ["canary-1", "edge-1"]);
    await answer(store, "canary-1", id, "withdrawn");
    const rule = { ...ruleAt(60, ["canary-1"]), awaited: [], barring: [] };

    expect(await store.withheldBlocks(rule, after(60))).toEqual(new Set());
    expect(await store.requestedChanges("edge-1", { now: after(60), limit: 9, canary: rule })).toHaveLength(
      1,
    );
  });

  test("a block that is in force elsewhere is not barred by what a canary has withdrawn", async () => {
    const store = await newStore(engine);
    const id = await place(store, "de_1", ["canary-1", "edge-1", "edge-2"]);
    await answer(store, "edge-2", id, "verified");
    await answer(store, "canary-1", id, "withdrawn");

    expect(await isOpen(store, id, 5)).toBe(true);
  });

  test("a message about a block waits for those that wait for the canary", async () => {
    const store = await newStore(engine);
    const id = await place(store);
    const mails = async (seconds: number) =>
      store.claimNotifications("email", { holder: "w", limit: 9, now: after(seconds), leaseMs: 0 });
    await answer(store, "canary-1", id, "withdrawn");
    await answer(store, "canary-2", id, "verified");

    expect(await mails(2)).toEqual([]);
    await answer(store, "edge-1", id, "verified", 3);
    expect(await mails(3)).toHaveLength(1);
  });
});
