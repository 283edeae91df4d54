import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/domain/errors.ts";
import {
  attacker,
  candidate,
  createEnrichDesk,
  evidence,
  failing,
  failure,
  knowing,
  never,
  provider,
  stranger,
} from "../fakes/enrich-desk.ts";
import { after } from "../fakes/samples.ts";

const useless = ["PROVIDER_REJECTED", "PROVIDER_ANSWER_INVALID"] as const;

/** Answers like this until it is told to answer well. */
function changing(code: ErrorCode) {
  const state = { works: false };
  const one = provider("first", () =>
    state.works ? Promise.resolve(evidence) : Promise.reject(failure("first", code)),
  );
  return { state, one };
}

describe.each(useless)("%s about one address", (code) => {
  test("is asked again when the failure expires, and stands after the third", async () => {
    const one = failing("first", code);
    const { enrich, clock } = createEnrichDesk([one]);

    for (const [calls, at] of [
      [1, 0],
      [1, 599],
      [2, 600],
      [2, 1199],
    ] as const) {
      clock.now = after(at);
      await expect(enrich.ask(attacker, ["first"], never)).resolves.toMatchObject({
        findings: [],
        waiting: [{ reason: "first said no", kind: "unavailable", retryAt: after(calls * 600) }],
      });
      expect(one.asked).toHaveLength(calls);
    }
    clock.now = after(1200);
    for (let times = 0; times < 2; times += 1) {
      await expect(enrich.ask(attacker, ["first"], never)).resolves.toMatchObject({
        findings: [{ status: "failed", tries: 3, expiresAt: after(1800) }],
        waiting: [],
      });
    }
    expect(one.asked).toHaveLength(3);
  });

  test("is forgotten by a good answer", async () => {
    const { state, one } = changing(code);
    const { enrich, clock, store } = createEnrichDesk([one]);
    await enrich.ask(attacker, ["first"], never);

    state.works = true;
    clock.now = after(600);
    await enrich.ask(attacker, ["first"], never);
    state.works = false;
    clock.now = after(600 + 43_200);
    await enrich.ask(attacker, ["first"], never);

    expect([...store.kept.values()]).toMatchObject([{ status: "failed", tries: 1 }]);
  });

  test("waits in the queue, and does not keep others from being asked at once", async () => {
    const { state, one } = changing(code);
    const { enrich, store, clock, step } = createEnrichDesk([one]);
    await enrich.ask(attacker, ["first"], never);
    store.queue("first", candidate(attacker), clock.now);
    await step("first");
    expect(store.waiting("first")).toMatchObject([{ ip: attacker, dueAt: after(600) }]);

    state.works = true;
    await expect(enrich.ask(stranger(1), ["first"], never)).resolves.toMatchObject({ waiting: [] });
    clock.now = after(600);
    await step("first");
    expect(store.waiting("first")).toEqual([]);
    expect(one.asked).toEqual([attacker, stranger(1), attacker]);
  });

  test("five times about the same one is no fault of the provider", async () => {
    const one = failing("first", code);
    const { enrich, alarms, clock } = createEnrichDesk([one]);
    for (let n = 0; n < 8; n += 1) {
      clock.now = after(600 * n);
      await enrich.ask(attacker, ["first"], never);
    }

    expect(one.asked).toHaveLength(8);
    expect(alarms).toEqual([]);
    await expect(enrich.states()).resolves.toMatchObject([{ state: "ok" }]);
  });
});

describe.each(useless)("%s about everybody", (code) => {
  test("stops the questions, and raises one alarm that the first good answer ends", async () => {
    const { state, one } = changing(code);
    const { enrich, alarms, ended, clock, store, step } = createEnrichDesk([one]);
    for (let n = 0; n < 30; n += 1) {
      await enrich.ask(stranger(n), ["first"], never);
    }
    expect(one.asked).toHaveLength(5);
    // What the fifth one was answered says nothing about its address.
    expect(store.kept.size).toBe(4);
    expect(alarms).toMatchObject([
      {
        key: "provider-answers first",
        message: "FIRST refuses or garbles every question: first said no.",
      },
    ]);
    await expect(enrich.states()).resolves.toMatchObject([{ state: "unavailable" }]);

    clock.wait(31);
    await step("first");
    await enrich.ask(stranger(30), ["first"], never);
    expect([one.asked.length, alarms.length, ended.includes("provider-answers first")]).toEqual([
      6,
      1,
      false,
    ]);

    state.works = true;
    clock.wait(901);
    await step("first");
    await expect(enrich.ask(stranger(30), ["first"], never)).resolves.toMatchObject({ waiting: [] });
    expect(ended).toContain("provider-answers first");
    await expect(enrich.states()).resolves.toMatchObject([{ state: "ok" }]);
  });
});

describe("two replicas", () => {
  test("do not both pay for an address", async () => {
    let release: () => void = () => undefined;
    const slow = provider("first", async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return evidence;
    });
    const a = createEnrichDesk([slow]);
    const other = knowing("first");
    const b = createEnrichDesk([other], { now: () => a.clock.now }, a.store);

    const first = a.enrich.ask(attacker, ["first"], never);
    while (slow.asked.length === 0) {
      await new Promise(setImmediate);
    }
    await expect(b.enrich.ask(attacker, ["first"], never)).resolves.toEqual({
      findings: [],
      waiting: [
        {
          provider: "first",
          reason: "another replica is asking about it",
          kind: "busy",
          retryAt: after(1),
        },
      ],
    });
    // Others are asked about meanwhile.
    await b.enrich.ask(stranger(1), ["first"], never);
    release();
    await first;
    await expect(b.enrich.ask(attacker, ["first"], never)).resolves.toMatchObject({
      findings: [{ status: "known" }],
    });
    expect([slow.asked, other.asked]).toEqual([[attacker], [stranger(1)]]);
    await expect(b.enrich.states()).resolves.toMatchObject([{ totals: { asked: 2 } }]);
  });

  test("pay once, also when one has looked for the finding just before the other kept it", async () => {
    const asked = knowing("first");
    const a = createEnrichDesk([asked]);
    const late = { ...a.store, factsOf: a.store.factsOf };
    const b = createEnrichDesk([asked], { now: () => a.clock.now }, late);
    late.factsOf = async (...wanted) => {
      const facts = await a.store.factsOf(...wanted);
      await a.enrich.ask(attacker, ["first"], never);
      return facts;
    };

    await expect(b.enrich.ask(attacker, ["first"], never)).resolves.toMatchObject({
      waiting: [{ kind: "busy" }],
    });
    expect(asked.asked).toHaveLength(1);
  });

  test("go on when one of them dies with a call under way, and forget those that are over", async () => {
    const a = createEnrichDesk([provider("first", () => new Promise(() => undefined))]);
    const lost = a.enrich.ask(attacker, ["first"], never);
    const asked = knowing("first");
    const b = createEnrichDesk([asked], { now: () => a.clock.now }, a.store);
    while (a.store.budgetTexts.size === 0) {
      await new Promise(setImmediate);
    }

    a.clock.wait(29);
    await b.step("first");
    await b.enrich.ask(attacker, ["first"], never);
    expect(asked.asked).toEqual([]);
    a.clock.wait(31);
    await b.step("first");
    await b.enrich.ask(attacker, ["first"], never);
    expect(asked.asked).toEqual([attacker]);
    a.clock.wait(60);
    await b.enrich.ask(stranger(1), ["first"], never);
    expect([...a.store.budgetTexts.values()].join()).not.toContain(attacker);
    void lost;
  });

  test("may both ask again after a failure", async () => {
    const a = createEnrichDesk([failing("first", "PROVIDER_UNAVAILABLE")]);
    await a.enrich.ask(attacker, ["first"], never);
    const asked = knowing("first");
    const b = createEnrichDesk([asked], { now: () => a.clock.now }, a.store);

    await b.enrich.ask(attacker, ["first"], never);
    expect(asked.asked).toEqual([attacker]);
  });
});
