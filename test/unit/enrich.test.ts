import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import {
  attacker,
  createEnrichDesk,
  evidence,
  failing,
  knowing,
  never,
  other,
  provider,
  silent,
  stranger,
} from "../fakes/enrich-desk.ts";
import { eventually } from "../fakes/eventually.ts";
import { after, t0 } from "../fakes/samples.ts";

const names = ["first", "second", "third"];

describe("findings", () => {
  test("come from every provider that is named, in their order, and are kept", async () => {
    const { enrich, store } = createEnrichDesk([
      knowing("first"),
      provider("second", async () => undefined),
      failing("third", "PROVIDER_REJECTED"),
    ]);
    const about = { ip: attacker, foundAt: t0 };
    const findings = [
      { ...about, provider: "first", status: "known", evidence, expiresAt: after(43_200) },
      { ...about, provider: "second", status: "unknown", reason: "no data about it", expiresAt: after(3600) },
    ];
    const failure = { status: "failed", reason: "third said no", tries: 1 };
    const rest = { ...about, ...failure, provider: "third", expiresAt: after(600) };

    await expect(enrich.ask(attacker, names, never)).resolves.toEqual({
      findings,
      waiting: [{ provider: "third", reason: "third said no", kind: "unavailable", retryAt: after(600) }],
    });
    expect([...store.kept.values()]).toEqual(expect.arrayContaining([...findings, rest]));
    expect(store.kept.size).toBe(3);
  });

  test("are only of those that are named", async () => {
    const [first, second] = [knowing("first"), knowing("second")];
    const { enrich } = createEnrichDesk([first, second]);

    await enrich.ask(attacker, ["second"], never);

    expect([first.asked, second.asked]).toEqual([[], [attacker]]);
  });

  test("of a provider that is not configured any more can't be had", async () => {
    const { enrich } = createEnrichDesk([]);

    await expect(enrich.ask(attacker, ["gone"], never)).resolves.toEqual({
      findings: [],
      waiting: [
        { provider: "gone", reason: "is not configured any more", kind: "unavailable", retryAt: null },
      ],
    });
  });
});

describe("a finding that somebody else has kept", () => {
  test("is used instead of paying, until it expires, to the second", async () => {
    const asked = knowing("first");
    const { enrich, clock } = createEnrichDesk([asked]);
    await enrich.ask(attacker, names.slice(0, 1), never);

    clock.now = after(43_199);
    await expect(enrich.ask(attacker, ["first"], never)).resolves.toMatchObject({
      findings: [{ foundAt: t0 }],
    });
    expect(asked.asked).toHaveLength(1);

    clock.now = after(43_200);
    await enrich.ask(attacker, ["first"], never);
    expect(asked.asked).toHaveLength(2);
  });

  test("that failed keeps its provider from being asked again until it expires", async () => {
    const refusing = failing("first", "PROVIDER_REJECTED");
    const { enrich, clock } = createEnrichDesk([refusing]);
    await enrich.ask(attacker, ["first"], never);
    clock.now = after(599);
    await enrich.ask(attacker, ["first"], never);
    expect(refusing.asked).toHaveLength(1);
    clock.now = after(600);
    await enrich.ask(attacker, ["first"], never);
    expect(refusing.asked).toHaveLength(2);
  });

  test("more than five minutes ahead of the clock counts as expired", async () => {
    const asked = provider("first", async () => undefined);
    const { enrich, clock } = createEnrichDesk([asked]);
    await enrich.ask(attacker, ["first"], never);

    clock.now = after(-300);
    await enrich.ask(attacker, ["first"], never);
    expect(asked.asked).toHaveLength(1);
    clock.now = after(-301);
    await enrich.ask(attacker, ["first"], never);
    expect(asked.asked).toHaveLength(2);
  });

  test("in part is not enough for a provider that can tell more", async () => {
    const asked = knowing("first");
    const { enrich, store } = createEnrichDesk([asked]);
    const partial = { ...evidence, isPartial: true as const };
    store.kept.set("first", {
      provider: "first",
      ip: attacker,
      foundAt: t0,
      expiresAt: after(60),
      status: "known",
      evidence: partial,
    });

    await enrich.ask(attacker, ["first"], never);

    expect(asked.asked).toEqual([attacker]);
  });

  test("of one provider or address says nothing for another", async () => {
    const [first, second] = [knowing("first"), knowing("second")];
    const { enrich } = createEnrichDesk([first, second]);

    await enrich.ask(attacker, ["first"], never);
    await enrich.ask(attacker, ["first", "second"], never);
    await enrich.ask(other, ["first"], never);

    expect(first.asked).toEqual([attacker, other]);
    expect(second.asked).toEqual([attacker]);
  });
});

describe("simultaneous calls", () => {
  test("about one address cause one look-up, also when the queue wants it too", async () => {
    const asked = knowing("first");
    const { enrich, store, step } = createEnrichDesk([asked]);
    store.queue(
      "first",
      { ip: attacker, severity: "low", events: 1, searches: [], firewalls: 0, closeness: 0 },
      t0,
    );

    const [all] = await Promise.all([
      Promise.all(Array.from({ length: 50 }, () => enrich.ask(attacker, ["first"], never))),
      step("first"),
    ]);

    expect(asked.asked).toEqual([attacker]);
    expect(all.every(({ findings }) => findings[0]?.status === "known")).toBe(true);
    expect(store.waiting("first")).toEqual([]);
  });

  test("are eight at most; the others wait", async () => {
    const stuck = silent("first");
    const { enrich } = createEnrichDesk([stuck], { timeoutMs: 50 });

    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => enrich.ask(stranger(n), ["first"], never)),
    );

    expect(stuck.asked).toHaveLength(8);
    expect(all.filter(({ waiting }) => waiting[0]?.retryAt === null)).toHaveLength(12);
  });

  test("about different addresses do not wait for each other", async () => {
    const stuck = provider("first", (address) =>
      address === attacker ? new Promise(() => undefined) : Promise.resolve(evidence),
    );
    const { enrich } = createEnrichDesk([stuck], { timeoutMs: 1000 });

    const slow = enrich.ask(attacker, ["first"], never);

    await expect(enrich.ask(other, ["first"], never)).resolves.toMatchObject({
      findings: [{ status: "known" }],
    });
    await slow;
  });
});

describe("who leaves", () => {
  test("waits no longer, and what was paid is kept for the next", async () => {
    let answer: () => void = () => undefined;
    const slow = provider("first", () => new Promise((resolve) => (answer = () => resolve(evidence))));
    const { enrich, store } = createEnrichDesk([slow]);
    const leaving = new AbortController();
    const asked = enrich.ask(attacker, ["first"], leaving.signal);
    await eventually("the look-up", () => slow.asked.length === 1);

    leaving.abort();
    await expect(asked).resolves.toMatchObject({ findings: [], waiting: [{ provider: "first" }] });
    answer();
    await enrich.settle();

    expect(store.kept.get("first 203.0.113.45")?.status).toBe("known");
  });

  test("before anything is paid causes no call", async () => {
    const asked = knowing("first");
    const { enrich } = createEnrichDesk([asked]);

    await expect(enrich.ask(attacker, ["first"], AbortSignal.abort())).resolves.toMatchObject({
      waiting: [{ provider: "first", retryAt: null }],
    });
    expect(asked.asked).toEqual([]);
  });
});

describe("a store that fails", () => {
  const full = new AppError("STORE_UNAVAILABLE", "disk full", { retryable: true });

  test.each(["factsOf", "updateBudget"] as const)("in %s causes no call", async (broken) => {
    const asked = knowing("first");
    const { enrich, store } = createEnrichDesk([asked]);
    store.fail(broken, full);

    await expect(enrich.ask(attacker, ["first"], never)).rejects.toBe(full);
    expect(asked.asked).toEqual([]);
  });

  test("when the answer is there does not make it be paid again", async () => {
    const asked = knowing("first");
    const { enrich, store } = createEnrichDesk([asked]);
    store.fail("finishLookUps", full);
    await expect(enrich.ask(attacker, ["first"], never)).rejects.toBe(full);

    store.fail(null);
    await expect(enrich.ask(attacker, ["first"], never)).resolves.toMatchObject({
      findings: [{ status: "known" }],
    });
    expect(asked.asked).toEqual([attacker]);
    expect(store.kept.size).toBe(1);
  });
});
