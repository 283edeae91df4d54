import { describe, expect, test } from "vitest";
import type { Action, Decision, Mode } from "../../src/domain/decision.ts";
import type { Store } from "../../src/ports.ts";
import { standingOf } from "../fakes/facts.ts";
import { after, ip, prefix, recordOf, sampleDecision } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const address = ip("203.0.113.9");

const decideAs = (store: Store, id: string, action: Action, mode: Mode, changes: Partial<Decision> = {}) =>
  store.recordDecision(recordOf(sampleDecision(id, { action, mode, ...changes })));

const stateOf = async (store: Store, id: string) => (await store.hold(id, after(60)))?.state;

describeStore("searches of different modes about one address", (engine) => {
  test("hold it each for itself, and once in each mode", async () => {
    const store = await newStore(engine);

    expect(await decideAs(store, "de_1", "hold", "observe")).toMatchObject({ action: "hold" });
    expect(
      await decideAs(store, "de_2", "hold", "enforce", { decidedAt: after(1), expiresAt: after(900) }),
    ).toMatchObject({ action: "hold" });
    // What a person approves in mode `approve` is enforced.
    const again = await decideAs(store, "de_3", "hold", "approve", { decidedAt: after(2) });

    expect(again).toMatchObject({ action: "ignore" });
    expect(again.reasons[0]).toBe(`already held until ${after(900).toISOString()} by decision de_2`);
    const { items } = await store.holds({ limit: 9, cursor: null, now: after(60) });
    expect(items.map(({ decision }) => decision.mode)).toEqual(["enforce", "observe"]);
    expect((await standingOf(store, address, "observe", after(60))).heldUntil).toEqual(after(3600));
    expect((await standingOf(store, address, "enforce", after(60))).heldUntil).toEqual(after(900));
    expect((await standingOf(store, address, "enforce", after(900))).heldUntil).toBeNull();
  });

  test("one that has lapsed makes room", async () => {
    const store = await newStore(engine);
    await decideAs(store, "de_1", "hold", "enforce", { expiresAt: after(10) });
    await decideAs(store, "de_2", "hold", "observe", { expiresAt: after(10) });

    await decideAs(store, "de_3", "hold", "enforce", { decidedAt: after(20) });

    expect(await stateOf(store, "de_3")).toBe("waiting");
    expect((await standingOf(store, address, "observe", after(20))).heldUntil).toBeNull();
  });

  test.each([
    { mode: "observe", left: { observe: "superseded", enforce: "waiting" }, receipts: ["de_1"] },
    { mode: "enforce", left: { observe: "superseded", enforce: "superseded" }, receipts: ["de_1", "de_2"] },
    { mode: "approve", left: { observe: "superseded", enforce: "superseded" }, receipts: ["de_1", "de_2"] },
  ] as const)("a block of mode $mode ends what it settles", async ({ mode, left, receipts }) => {
    const store = await newStore(engine);
    await decideAs(store, "de_1", "hold", "observe");
    await decideAs(store, "de_2", "hold", "enforce");

    await decideAs(store, "de_3", "block", mode, { decidedAt: after(1) });

    expect({ observe: await stateOf(store, "de_1"), enforce: await stateOf(store, "de_2") }).toEqual(left);
    const ended = (await store.receiptsAfter(0, 99)).receipts.filter(({ kind }) => kind === "hold-ended");
    expect(ended.map(({ subject }) => subject).toSorted()).toEqual(receipts);
  });

  test.each([
    { blocked: "enforce", asked: "observe", isSettled: true },
    { blocked: "observe", asked: "observe", isSettled: true },
    { blocked: "enforce", asked: "enforce", isSettled: true },
    { blocked: "observe", asked: "enforce", isSettled: false },
  ] as const)(
    "a block of mode $blocked settles it for mode $asked: $isSettled",
    async ({ blocked, asked, isSettled }) => {
      const store = await newStore(engine);
      const decision = sampleDecision("de_1", { mode: blocked });
      await store.recordDecision(recordOf(decision, { prefix: prefix("203.0.113.0/24") }));

      const { block } = await standingOf(store, address, asked, after(60));

      expect(block?.mode).toBe(isSettled ? blocked : undefined);
    },
  );

  test("earlier blocks that were in force are no offences where nothing is enforced", async () => {
    const store = await newStore(engine);
    await decideAs(store, "de_1", "block", "enforce", { expiresAt: after(10) });

    const facts = await store.factsOf([address], { mode: "observe", now: after(60), windows: [] });

    expect(facts.get(address)).toMatchObject({ standing: { block: null }, offences: [] });
  });
});

describeStore("whom a person has let out", (engine) => {
  const lift = { actor: "alice", reason: "ours", now: after(60), graceUntil: after(6000) };
  const hold = (store: Store, id: string, text: string, changes: Partial<Decision> = {}) =>
    decideAs(store, id, "hold", "enforce", { ip: ip(text), holdCause: "limit", ...changes });

  test("nobody is asked about, in the whole network and in every mode", async () => {
    const store = await newStore(engine);
    await decideAs(store, "de_0", "block", "enforce");
    await hold(store, "de_1", "203.0.113.1");
    await hold(store, "de_2", "203.0.113.255", { holdCause: "hint", mode: "observe" });
    await hold(store, "de_3", "203.0.114.1");
    await hold(store, "de_4", "2001:db8::1");
    await hold(store, "de_5", "203.0.113.7", { expiresAt: after(60) });

    await store.liftBlocks(prefix("203.0.113.0/24"), lift);

    const states = await Promise.all(
      ["de_1", "de_2", "de_3", "de_4", "de_5"].map((id) => stateOf(store, id)),
    );
    expect(states).toEqual(["superseded", "superseded", "waiting", "waiting", "lapsed"]);
    const ended = (await store.receiptsAfter(0, 99)).receipts.filter(({ kind }) => kind === "hold-ended");
    expect(ended.map(({ subject, actor }) => `${subject} ${actor}`).toSorted()).toEqual([
      "de_1 alice",
      "de_2 alice",
    ]);
  });

  test("nobody is asked about among thousands of holds", async () => {
    const store = await newStore(engine);
    await decideAs(store, "de_0", "block", "enforce");
    const many = Array.from({ length: 2500 }, (_, n) => n);
    await Promise.all(many.map((n) => hold(store, `de_h${n}`, `198.18.${n >> 8}.${n & 255}`)));
    // The last of them.
    await hold(store, "de_z", "203.0.113.200");

    await store.liftBlocks(prefix("203.0.113.0/24"), lift);

    expect(await stateOf(store, "de_z")).toBe("superseded");
    expect((await store.counts(after(60))).holdsWaiting).toBe(2500);
  });

  describe("is blocked by what a person answers", () => {
    const answered = async (cause: Decision["holdCause"]) => {
      const store = await newStore(engine);
      // Let out before the hold was placed from an older look; so the lift has not ended it.
      await decideAs(store, "de_0", "block", "enforce");
      await store.liftBlocks(prefix("203.0.113.0/24"), { ...lift, now: after(1) });
      await hold(store, "de_1", "203.0.113.9", { holdCause: cause, decidedAt: after(2) });
      const answer = sampleDecision("de_2", { actor: "bob", decidedAt: after(60) });
      const decision = await store.recordDecision(recordOf(answer, { answers: "de_1" }));
      return {
        decision,
        state: await stateOf(store, "de_1"),
        standing: await store.standingBlocks(after(60)),
      };
    };

    test.each(["rule", "hint", "approve", "provider"] as const)("a hold of cause %s", async (cause) => {
      expect(await answered(cause)).toMatchObject({
        decision: { action: "block" },
        state: "approved",
        standing: [{ decisionId: "de_2" }],
      });
    });

    test.each(["limit", "paused"] as const)("but not one of cause %s: that releases all", async (cause) => {
      const { decision, state, standing } = await answered(cause);

      expect(decision).toMatchObject({ action: "ignore", expiresAt: null });
      expect(decision.reasons[0]).toBe(
        `a person lifted the block on 203.0.113.0/24; alerts can't block it before ${after(6000).toISOString()}`,
      );
      expect(state).toBe("superseded");
      expect(standing).toEqual([]);
    });
  });
});
