import { describe, expect, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import type { Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleAlert, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const act = { actor: "alice", reason: "it is a customer", now: after(60) };

/** A hold of an hour on 198.51.100.`n`. */
const hold = (store: Store, n: number, changes: Partial<Decision> = {}) =>
  store.recordDecision(
    recordOf(
      sampleDecision(`de_${n}`, {
        action: "hold",
        ip: ip(`198.51.100.${n}`),
        decidedAt: after(n),
        ...changes,
      }),
    ),
  );

/** A person's answer to the hold on 198.51.100.1, a minute later. */
const approve = (store: Store, answers: string, changes: Partial<Decision> = {}, id = "de_answer") =>
  store.recordDecision(
    recordOf(
      sampleDecision(id, {
        ip: ip("198.51.100.1"),
        actor: "alice",
        reasons: ["approved by alice: seen in the logs"],
        decidedAt: after(60),
        ...changes,
      }),
      { answers },
    ),
  );

const receiptsOf = async (store: Store, subject: string) =>
  (await store.receiptsAfter(0, 100)).receipts
    .filter((receipt) => receipt.kind === "hold-ended" && receipt.subject === subject)
    .map(({ actor, body }): unknown => ({ actor, ...JSON.parse(body) }));

describeStore("the store's holds", (engine) => {
  test("one that waits comes with its decision and its search", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert("al_1")]);
    const decision = await hold(store, 1);

    const expected = {
      decision,
      searchName: "SSH brute force",
      askedMode: null,
      createdAt: after(1),
      expiresAt: after(3600),
      state: "waiting",
      endedAt: null,
      actor: null,
      reason: null,
    };
    expect(await store.hold("de_1", after(60))).toEqual(expected);
    expect(await store.holds({ limit: 9, cursor: null, now: after(60) })).toEqual({
      items: [expected],
      next: null,
    });
    expect(await store.hold("de_none", after(60))).toBeUndefined();
  });

  test("one of a decision by hand has no search", async () => {
    const store = await newStore(engine);
    await hold(store, 1);

    expect(await store.hold("de_1", t0)).toMatchObject({ searchName: null });
  });

  test("a list has what waits, or all, by cause, newest first, in pages", async () => {
    const store = await newStore(engine);
    await hold(store, 1, { holdCause: "provider" });
    await hold(store, 2, { holdCause: "hint" });
    await hold(store, 3, { holdCause: "rule", expiresAt: after(30) });
    await hold(store, 4, { holdCause: "hint", decidedAt: after(2) });
    await store.denyHold("de_4", act);
    const list = async (wanted: Partial<Parameters<Store["holds"]>[0]>) =>
      (await store.holds({ limit: 9, cursor: null, now: after(60), ...wanted })).items.map(
        ({ decision, state }) => `${decision.id} ${state}`,
      );

    expect(await list({})).toEqual(["de_2 waiting", "de_1 waiting"]);
    expect(await list({ causes: ["provider", "rule"] })).toEqual(["de_1 waiting"]);
    expect(await list({ all: true })).toEqual(["de_3 lapsed", "de_4 denied", "de_2 waiting", "de_1 waiting"]);
    const first = await store.holds({ limit: 2, cursor: null, now: after(60), all: true });
    expect(first.items.map(({ decision }) => decision.id)).toEqual(["de_3", "de_4"]);
    expect(await list({ limit: 2, cursor: first.next, all: true })).toEqual(["de_2 waiting", "de_1 waiting"]);
    await expect(store.holds({ limit: 2, cursor: "none of ours", now: t0 })).rejects.toThrow(RangeError);
  });

  test("one that nobody answered has lapsed, whether or not another one came", async () => {
    const store = await newStore(engine);
    await hold(store, 1);

    expect(await store.hold("de_1", after(3599))).toMatchObject({ state: "waiting" });
    expect(await store.hold("de_1", after(3600))).toMatchObject({ state: "lapsed", endedAt: after(3600) });
    await hold(store, 2, { ip: ip("198.51.100.1"), decidedAt: after(4000), expiresAt: after(9000) });

    expect(await store.hold("de_1", after(4000))).toMatchObject({ state: "lapsed", endedAt: after(3600) });
    expect(await store.hold("de_2", after(4000))).toMatchObject({ state: "waiting" });
  });

  test.each([
    { what: "a week ago is not looked at", seconds: 604_800, waiting: ["de_2"] },
    { what: "since may have lapsed by a wrong clock", seconds: 604_799, waiting: ["de_2", "de_1"] },
  ])("one that has lapsed $what when others come", async ({ seconds, waiting }) => {
    const store = await newStore(engine);
    await hold(store, 1);
    await hold(store, 2, { decidedAt: after(3600 + seconds), expiresAt: after(9_999_999) });

    const { items } = await store.holds({ limit: 9, cursor: null, now: after(60) });

    expect(items.map(({ decision }) => decision.id)).toEqual(waiting);
  });

  describe("a person", () => {
    test("denies one that waits, once", async () => {
      const store = await newStore(engine);
      await hold(store, 1);

      expect(await store.denyHold("de_1", act)).toBe(true);
      expect(await store.denyHold("de_1", { ...act, actor: "bob" })).toBe(false);
      expect(await store.denyHold("de_none", act)).toBe(false);

      expect(await store.hold("de_1", after(60))).toMatchObject({
        state: "denied",
        endedAt: after(60),
        actor: "alice",
        reason: "it is a customer",
      });
      expect(await receiptsOf(store, "de_1")).toEqual([
        {
          actor: "alice",
          decisionId: "de_1",
          ip: "198.51.100.1",
          outcome: "denied",
          reason: "it is a customer",
          by: null,
        },
      ]);
    });

    test("can't deny one that has lapsed", async () => {
      const store = await newStore(engine);
      await hold(store, 1);

      expect(await store.denyHold("de_1", { ...act, now: after(3600) })).toBe(false);
      expect(await store.hold("de_1", after(3600))).toMatchObject({ state: "lapsed", actor: null });
    });

    test.each([
      { cause: "rule", state: "approved" },
      { cause: "approve", state: "approved" },
      { cause: "provider", state: "approved" },
      { cause: "limit", state: "released" },
      { cause: "paused", state: "released" },
    ] as const)(
      "answers one of cause $cause: it is $state and the block is placed",
      async ({ cause, state }) => {
        const store = await newStore(engine);
        await hold(store, 1, { holdCause: cause, mode: "approve" });

        const decision = await approve(store, "de_1", { mode: "approve" });

        expect(decision).toMatchObject({ id: "de_answer", action: "block" });
        expect(await store.hold("de_1", after(61))).toMatchObject({
          state,
          endedAt: after(60),
          actor: "alice",
          reason: "approved by alice: seen in the logs",
        });
        // What a person approves in mode `approve` is enforced.
        expect(await store.standingBlocks(after(61))).toMatchObject([
          { prefix: "198.51.100.1/32", mode: "enforce", decisionId: "de_answer" },
        ]);
        expect(await store.requestedChanges("edge-1", { now: after(61), limit: 9 })).toHaveLength(1);
        expect(await receiptsOf(store, "de_1")).toMatchObject([{ outcome: state, by: "de_answer" }]);
      },
    );

    test("answers while new blocks are paused, and beyond a limit", async () => {
      const store = await newStore(engine);
      await store.pause({ actor: "bob", reason: "", now: t0 });
      await hold(store, 1);

      expect(await approve(store, "de_1")).toMatchObject({ action: "block" });
    });

    test.each<{ what: string; before: (store: Store) => Promise<unknown> }>([
      { what: "was denied", before: (store) => store.denyHold("de_1", { ...act, now: after(50) }) },
      { what: "has lapsed", before: () => Promise.resolve() },
      { what: "is about another address", before: () => Promise.resolve() },
    ])("can't answer one that $what: nothing is blocked", async ({ what, before }) => {
      const store = await newStore(engine);
      await hold(store, 1, {
        ...(what === "has lapsed" && { expiresAt: after(60) }),
        ...(what === "is about another address" && { ip: ip("198.51.100.2") }),
      });
      await before(store);

      const decision = await approve(store, "de_1");

      expect(decision).toMatchObject({
        action: "ignore",
        expiresAt: null,
        reasons: ["the hold de_1 does not wait any more", "approved by alice: seen in the logs"],
      });
      expect(await store.standingBlocks(after(61))).toEqual([]);
      expect(await store.hold("de_1", after(61))).not.toMatchObject({ state: "approved" });
    });

    test("answered 20 times at once, it is one block", async () => {
      const [a, b] = await engine.openTwo(await engine.newDatabase());
      await hold(a, 1);

      const decisions = await Promise.all(
        Array.from({ length: 20 }, (_, n) => approve(n % 2 === 0 ? a : b, "de_1", {}, `de_answer${n}`)),
      );

      expect(decisions.filter(({ action }) => action === "block")).toHaveLength(1);
      expect(decisions.filter(({ action }) => action === "ignore")).toHaveLength(19);
      expect(await receiptsOf(a, "de_1")).toHaveLength(1);
    });

    test("answers too late: the address is on the allow-list by now", async () => {
      const databaseUrl = await engine.newDatabase();
      const store = await engine.open(databaseUrl);
      await hold(store, 1);
      await engine.tamper(
        databaseUrl,
        `insert into allow_entries (id, prefix, reason, owner, actor, created_at)
          values ('aw_1', '198.51.100.0/24', 'our office', '', 'bob', 0)`,
      );

      const decision = await approve(store, "de_1");

      expect(decision).toMatchObject({ action: "ignore" });
      expect(decision.reasons[0]).toBe("198.51.100.0/24 is on the allow-list: our office");
      expect(await store.hold("de_1", after(61))).toMatchObject({ state: "superseded" });
    });
  });

  test("a block by other ways supersedes it, with a receipt", async () => {
    const store = await newStore(engine);
    await hold(store, 1);
    await store.recordDecision(
      recordOf(sampleDecision("de_2", { ip: ip("198.51.100.1"), decidedAt: after(60) })),
    );

    expect(await store.hold("de_1", after(61))).toMatchObject({
      state: "superseded",
      endedAt: after(60),
      actor: "policy",
      reason: "blocked by decision de_2",
    });
    expect(await receiptsOf(store, "de_1")).toMatchObject([{ outcome: "superseded", by: "de_2" }]);
  });

  test("letting the address out supersedes it", async () => {
    const store = await newStore(engine);
    await store.recordDecision(
      recordOf(sampleDecision("de_0", { ip: ip("198.51.100.1") }), { prefix: prefix("198.51.100.0/24") }),
    );
    await hold(store, 1);
    await store.liftBlocks(prefix("198.51.100.1/32"), { ...act, graceUntil: after(600) });

    expect(await store.hold("de_1", after(61))).toMatchObject({ state: "superseded", actor: "alice" });
    expect(await receiptsOf(store, "de_1")).toMatchObject([{ outcome: "superseded", by: null }]);
  });

  test("a waiting list of few among very many is read by an index", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await hold(store, 1);
    await engine.tamper(databaseUrl, manyEnded(engine.name));

    const startedAt = performance.now();
    const { items } = await store.holds({ limit: 50, cursor: null, now: after(60) });

    expect(items).toHaveLength(1);
    expect(performance.now() - startedAt).toBeLessThan(1500);
  });
});

/** 50,000 holds that ended, without their decisions. */
function manyEnded(engineName: string): string {
  const numbers =
    engineName === "SQLite"
      ? `with recursive n(n) as (select 1 union all select n + 1 from n where n < 50000)`
      : `with n as (select generate_series(1, 50000) as n)`;
  return `insert into holds (decision_id, ip, mode, created_at, expires_at, cause, ended_at, outcome)
    ${numbers} select 'old_' || n, '192.0.2.1', 'enforce', n, n, 'rule', n, 'lapsed' from n`;
}
