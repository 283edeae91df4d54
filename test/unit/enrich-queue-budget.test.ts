import { describe, expect, onTestFinished, test } from "vitest";
import type { IpAddress } from "../../src/domain/ip-address.ts";
import {
  attacker,
  candidate,
  createEnrichDesk,
  evidence,
  knowing,
  never,
  other,
  provider,
  stranger,
} from "../fakes/enrich-desk.ts";
import { after, sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { newStore, describeStore } from "../fakes/store-engines.ts";

const minute = { name: "minute" as const, limit: 4 };

describe("a budget that is short", () => {
  const day = { name: "day" as const, limit: 100, isCalendar: true as const };
  const told = (left: number) => () => [{ ...day, left }];

  test("is spent from the queue alone, after ten seconds in which more urgent ones may come", async () => {
    const asked = knowing("first", { quota: [day], told: told(30) });
    const { enrich, store, step, clock } = createEnrichDesk([asked]);
    await enrich.ask(stranger(0), ["first"], never);

    await expect(enrich.ask(attacker, ["first"], never)).resolves.toMatchObject({
      waiting: [
        { reason: "the budget is short, so the most urgent addresses go first", kind: "busy", retryAt: null },
      ],
    });
    store.queue("first", candidate(attacker), clock.now);
    await step("first");
    expect(asked.asked).toHaveLength(1);
    store.queue("first", candidate(stranger(2), { severity: "critical" }), clock.now);
    await step("first");
    expect(asked.asked).toEqual([stranger(0), stranger(2)]);
    clock.wait(10);
    await step("first");
    expect(asked.asked).toEqual([stranger(0), stranger(2), attacker]);
  });

  test("to the last is spread over the day, but for what is urgent", async () => {
    const asked = knowing("first", { quota: [day] });
    const { store, step, clock, enrich } = createEnrichDesk([
      { ...asked, readQuota: async () => told(10)() },
    ]);
    await enrich.checkKeys(never);
    for (let n = 0; n < 6; n += 1) {
      store.queue("first", candidate(stranger(n)), t0);
    }
    clock.wait(20);
    await step("first");
    expect(asked.asked).toHaveLength(1);
    await step("first");
    expect(asked.asked).toHaveLength(1);
    store.queue("first", candidate(attacker, { severity: "high" }), t0);
    await step("first");
    expect(asked.asked).toEqual([asked.asked[0], attacker]);
    expect(store.waiting("first")).toHaveLength(5);

    clock.wait(2 * 3600);
    await step("first");
    expect(asked.asked).toHaveLength(3);
  });

  test("raises one alarm when it is spent while addresses wait, that ends when they are asked about", async () => {
    const asked = knowing("first", { quota: [{ ...day, limit: 1 }] });
    const { enrich, store, step, clock, alarms, ended } = createEnrichDesk([asked]);
    await enrich.ask(stranger(0), ["first"], never);
    await step("first");
    expect(alarms).toEqual([]);

    store.queue("first", candidate(attacker), t0);
    store.queue("first", candidate(other), t0);
    await step("first");
    await step("first");
    expect(alarms).toEqual([
      {
        key: "provider-quota first",
        message: "FIRST can't be asked about 2 waiting addresses: all 1 calls of the day are spent.",
        advice:
          "It goes on at 2026-11-22T00:00:00.000Z, the most urgent first; a larger plan, or fewer searches that alert, prevents it.",
      },
    ]);
    expect(ended).not.toContain("provider-quota first");
    clock.now = new Date("2026-11-22T00:00:00Z");
    await enrich.checkKeys(never);
    await step("first");
    expect(asked.asked).toHaveLength(2);
    expect(ended).not.toContain("provider-quota first"); // it was the only call of that day
  });
});

test("a storm of 300 addresses: nobody asked twice, nobody forgotten, no call refused by the provider", async () => {
  const limits = { minute: 4, day: 500 };
  const spent: number[] = [];
  const { clock, enrich, store, step } = (() => {
    const asked = provider(
      "first",
      async () => {
        const now = clockOf().getTime();
        const within = (ms: number) => spent.filter((at) => at > now - ms).length;
        expect(within(60_000)).toBeLessThan(limits.minute);
        expect(spent.length).toBeLessThan(limits.day);
        spent.push(now);
        return evidence;
      },
      { quota: [minute, { name: "day", limit: limits.day, isCalendar: true }] },
    );
    const desk = createEnrichDesk([asked]);
    onTestFinished(() => {
      expect(new Set(asked.asked).size).toBe(asked.asked.length);
    });
    const clockOf = () => desk.clock.now;
    return desk;
  })();
  const wants = new Map<IpAddress, number>();
  for (let n = 0; n < 300; n += 1) {
    wants.set(stranger(n), n);
    const { waiting } = await enrich.ask(stranger(n), ["first"], never);
    if (waiting.length > 0) {
      store.queue("first", candidate(stranger(n), { severity: n >= 290 ? "critical" : "low" }), clock.now);
    }
  }
  const order: IpAddress[] = [];
  for (let steps = 0; store.waiting("first").length > 0 && steps < 5000; steps += 1) {
    const before = new Set(store.kept.keys());
    const pauseMs = await step("first");
    for (const key of store.kept.keys()) {
      if (!before.has(key)) {
        order.push(...[...wants.keys()].filter((address) => key === `first ${address}`));
      }
    }
    clock.wait(Math.max(1, pauseMs) / 1000);
  }

  expect(store.kept.size).toBe(300);
  expect(order.slice(0, 10).every((address) => (wants.get(address) ?? 0) >= 290)).toBe(true);
});

describeStore("a queue in the real store", (engine) => {
  test("is asked in order, once, and what was spent is known to the next process", async () => {
    const store = await newStore(engine);
    const asked = knowing("first", { quota: [minute] });
    const desk = createEnrichDesk([asked], { store });
    const all = Array.from({ length: 6 }, (_, n) => stranger(n));
    await store.insertAlerts([sampleAlert("al_1")]);
    await store.recordSightings(
      "al_1",
      all.map((address) => ({ ip: address, count: 1, fields: ["src_ip"], severity: null })),
      t0,
    );

    for (const { id, ip } of await store.claimSightings(sampleClaim())) {
      const { waiting } = await desk.enrich.ask(ip, ["first"], never);
      const parking = { sightingId: id, until: after(3600), reason: "waits", providers: ["first"] };
      await (waiting.length === 0
        ? undefined
        : store.parkSighting({ ...parking, candidate: candidate(ip), now: t0 }));
    }
    expect(asked.asked).toHaveLength(4);
    await expect(store.claimSightings(sampleClaim({ holder: "other" }))).resolves.toEqual([]);

    const next = createEnrichDesk([asked], { store });
    await expect(next.enrich.ask(stranger(9), ["first"], never)).resolves.toMatchObject({
      waiting: [{ reason: "all 4 calls of the minute are spent", retryAt: after(60) }],
    });
    await next.step("first");
    await expect(next.enrich.states()).resolves.toMatchObject([
      { waiting: 2, oldestWaitingAt: t0, windows: [{ used: 4 }], totals: { asked: 4 } },
    ]);
    next.clock.wait(60);
    await next.step("first");
    await expect(next.enrich.states()).resolves.toMatchObject([{ waiting: 0, totals: { asked: 6 } }]);
    expect(asked.asked.toSorted()).toEqual(all.toSorted());
    const due = await store.claimSightings(sampleClaim({ holder: "other", now: next.clock.now }));
    expect(due).toHaveLength(6); // the four whose claim has ended, and the two that have waited
  });
});
