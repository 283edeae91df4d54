import { describe, expect, test } from "vitest";
import {
  attacker,
  candidate,
  createEnrichDesk,
  evidence,
  failing,
  knowing,
  never,
  other,
  silent,
  stranger,
} from "../fakes/enrich-desk.ts";
import { after, t0 } from "../fakes/samples.ts";

const minute = { name: "minute" as const, limit: 4 };

describe("the queue", () => {
  test("asks the most urgent first, as far as the budget goes, and forgets nobody", async () => {
    const asked = knowing("first", { quota: [minute] });
    const { store, step, clock } = createEnrichDesk([asked]);
    for (let n = 0; n < 20; n += 1) {
      store.queue("first", candidate(stranger(n), { events: Math.round(2 ** (n / 2)) }), t0);
    }
    const expected = Array.from({ length: 20 }, (_, n) => stranger(19 - n));

    for (let steps = 0; store.waiting("first").length > 0 && steps < 50; steps += 1) {
      const pauseMs = await step("first");
      expect(asked.asked.length + store.waiting("first").length).toBe(20);
      clock.wait(pauseMs / 1000);
    }

    // The four of one minute go at once, in no order among them.
    expect(asked.asked.slice(0, 4).toSorted()).toEqual(expected.slice(0, 4).toSorted());
    expect(asked.asked).toEqual(expect.arrayContaining(expected));
    expect(asked.asked).toHaveLength(20);
    expect(clock.now.getTime() - t0.getTime()).toBeLessThan(5 * 60_000);
  });

  test("goes before who comes later, until it is empty", async () => {
    const asked = knowing("first", { quota: [minute] });
    const { enrich, store, step, clock } = createEnrichDesk([asked]);
    await Promise.all([0, 1, 2, 3, 4].map((n) => enrich.ask(stranger(n), ["first"], never)));
    store.queue("first", candidate(stranger(4)), t0);

    clock.wait(10);
    await step("first");
    clock.wait(15);
    await step("first");
    clock.wait(20);
    await step("first");
    clock.wait(15);
    await expect(enrich.ask(stranger(5), ["first"], never)).resolves.toMatchObject({
      waiting: [{ reason: "addresses that came before wait" }],
    });
    await step("first");
    await step("first");
    expect(asked.asked).toContain(stranger(4));
    await expect(enrich.ask(stranger(5), ["first"], never)).resolves.toMatchObject({ waiting: [] });
  });

  test("drops what nobody wants any more without asking", async () => {
    const asked = knowing("first");
    const { enrich, store } = createEnrichDesk([asked]);
    store.queue("first", candidate(attacker), t0);
    store.queue("first", candidate(other), t0);

    await enrich.workQueue("first", {
      wanted: async (candidates) =>
        new Set(candidates.map(({ ip }) => ip).filter((address) => address === other)),
      signal: never,
    });

    expect(asked.asked).toEqual([other]);
    expect(store.waiting("first")).toEqual([]);
    expect([...store.kept.keys()]).toEqual([`first ${other}`]);
  });

  test("uses what another replica has found out meanwhile", async () => {
    const asked = knowing("first");
    const { store, step } = createEnrichDesk([asked]);
    store.queue("first", candidate(attacker), t0);
    const finding = { provider: "first", ip: attacker, foundAt: t0, expiresAt: after(60) };
    store.kept.set(`first ${attacker}`, { ...finding, status: "known", evidence });

    await step("first");

    expect(asked.asked).toEqual([]);
    expect(store.waiting("first")).toEqual([]);
  });

  test("gives back at once what it has claimed when it is stopped", async () => {
    const stopping = new AbortController();
    const { store, step } = createEnrichDesk([silent("first")], { timeoutMs: 50 });
    store.queue("first", candidate(attacker), t0);

    const running = step("first", stopping.signal);
    setImmediate(() => {
      stopping.abort();
    });
    await running;

    expect(store.waiting("first")).toMatchObject([{ ip: attacker, dueAt: t0, leaseUntil: null }]);
  });

  test("begins nothing when it is stopped already", async () => {
    const { store, step } = createEnrichDesk([knowing("first")]);
    store.queue("first", candidate(attacker), t0);

    await step("first", AbortSignal.abort());

    expect(store.waiting("first")).toMatchObject([{ leaseUntil: null }]);
  });

  test.each(["claimLookUps", "finishLookUps", "updateBudget"] as const)(
    "loses nothing and pays nothing twice when the store fails in %s",
    async (broken) => {
      const asked = knowing("first");
      const { store, step, clock } = createEnrichDesk([asked]);
      store.queue("first", candidate(attacker), t0);
      store.fail(broken);
      await expect(step("first")).rejects.toThrow("broken");
      expect(store.waiting("first")).toHaveLength(1);

      store.fail(null);
      clock.wait(61);
      await step("first");
      expect(asked.asked).toHaveLength(1);
      expect(store.kept.size).toBe(1);
      expect(store.waiting("first")).toEqual([]);
    },
  );

  test("gives back what it has claimed when nobody can say what is wanted", async () => {
    const { enrich, store } = createEnrichDesk([knowing("first")]);
    store.queue("first", candidate(attacker), t0);

    const wanted = () => Promise.reject(new Error("no policy"));
    await expect(enrich.workQueue("first", { wanted, signal: never })).rejects.toThrow("no policy");

    expect(store.waiting("first")).toMatchObject([{ leaseUntil: null }]);
  });

  test("a process that dies in between leaves rows for the next when their lease ends", async () => {
    const { store, step } = createEnrichDesk([silent("first")], { timeoutMs: 60_000 });
    store.queue("first", candidate(attacker), t0);
    void step("first").catch(() => undefined); // never answered: as good as dead
    const asked = knowing("first");
    const next = createEnrichDesk([asked], {}, store);

    await new Promise(setImmediate);
    await next.step("first");
    expect(asked.asked).toEqual([]);
    next.clock.wait(61);
    await next.step("first");
    expect(asked.asked).toEqual([attacker]);
  });

  test("leaves those alone that a failing provider could not answer, until it may", async () => {
    const { store, step } = createEnrichDesk([failing("first", "PROVIDER_UNAVAILABLE")]);
    store.queue("first", candidate(attacker), t0);

    await step("first");

    expect(store.waiting("first")).toMatchObject([{ dueAt: after(5), leaseUntil: null }]);
  });

  test("is due again as soon as a provider that was down answers", async () => {
    let works = false;
    const flaky = knowing("first");
    const exhausted = failing("first", "PROVIDER_QUOTA_EXHAUSTED", 3_600_000);
    const { store, step, clock } = createEnrichDesk([
      { ...flaky, lookUp: (ip, signal) => (works ? flaky : exhausted).lookUp(ip, signal) },
    ]);
    for (let n = 0; n < 8; n += 1) {
      store.queue("first", candidate(stranger(n)), t0);
    }
    await step("first");
    expect(store.waiting("first").every(({ dueAt }) => dueAt > t0)).toBe(true);

    works = true;
    const rest = store.waiting("first").slice(1);
    await store.postponeLookUps(
      "first",
      rest.map(({ ip }) => ip),
      after(90_000),
    );
    clock.wait(3600);
    await step("first");
    expect(store.waiting("first")).toHaveLength(7);
    expect(store.waiting("first").every(({ dueAt }) => dueAt <= clock.now)).toBe(true);
  });
});
