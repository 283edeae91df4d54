import { describe, expect, test } from "vitest";
import type { IntelProvider } from "../../src/ports.ts";
import {
  attacker,
  createEnrichDesk,
  failing,
  failure,
  knowing,
  never,
  other,
  provider,
  silent,
  stranger,
} from "../fakes/enrich-desk.ts";
import { after, ip } from "../fakes/samples.ts";

describe("a provider that fails", () => {
  test("late is one that waits, also when it does not heed its signal", async () => {
    const { enrich } = createEnrichDesk([silent("slow"), knowing("quick")], { timeoutMs: 20 });

    await expect(enrich.ask(attacker, ["slow", "quick"], never)).resolves.toMatchObject({
      findings: [{ provider: "quick", status: "known" }],
      waiting: [{ provider: "slow", reason: "SLOW gave no answer within 0.02 s", retryAt: after(5) }],
    });
  });

  test.each([
    [failing("a", "PROVIDER_UNAVAILABLE"), after(5), "unavailable"],
    [failing("a", "PROVIDER_UNAVAILABLE", 20_000), after(20), "unavailable"],
    [failing("a", "PROVIDER_QUOTA_EXHAUSTED", 90_000), after(90), "quota"],
    [failing("a", "PROVIDER_QUOTA_EXHAUSTED"), after(60), "quota"],
    [failing("a", "PROVIDER_REFUSED_KEY"), after(3600), "key"],
  ])(
    "%#: for a reason that may pass gives no finding, and says when it may be asked",
    async (one, retryAt, kind) => {
      const { enrich, store } = createEnrichDesk([one]);

      await expect(enrich.ask(attacker, ["a"], never)).resolves.toEqual({
        findings: [],
        waiting: [{ provider: "a", reason: "a said no", kind, retryAt }],
      });
      expect(store.kept.size).toBe(0);
    },
  );

  test.each([
    [failing("a", "PROVIDER_REJECTED"), "a said no", "warn"],
    [failing("a", "PROVIDER_ANSWER_INVALID"), "a said no", "warn"],
    [
      provider("a", () => Promise.reject(new TypeError("bug"))),
      "A could not be asked because of a bug",
      "error",
    ],
  ])(
    "%#: for a reason that does not pass is kept as a failure, and waits until that expires",
    async (one, reason, level) => {
      const { enrich, lines, store } = createEnrichDesk([one]);

      await expect(enrich.ask(attacker, ["a"], never)).resolves.toEqual({
        findings: [],
        waiting: [{ provider: "a", reason, kind: "unavailable", retryAt: after(600) }],
      });
      expect([...store.kept.values()]).toMatchObject([{ status: "failed", reason, tries: 1 }]);
      expect(lines).toMatchObject([{ level }]);
    },
  );

  test("by throwing at once is one that waits", async () => {
    const broken: IntelProvider = {
      ...knowing("broken"),
      lookUp: () => {
        throw new TypeError("bug");
      },
    };
    const { enrich, lines } = createEnrichDesk([broken]);

    await expect(enrich.ask(attacker, ["broken"], never)).resolves.toMatchObject({
      waiting: [{ reason: "BROKEN could not be asked because of a bug" }],
    });
    expect(lines).toMatchObject([{ level: "error", fields: { error: "bug" } }]);
  });

  test("for its key is left alone for an hour, told once, and raises one alarm that ends when it works", async () => {
    let works = false;
    const refusing = provider("first", () =>
      works ? Promise.resolve(undefined) : Promise.reject(failure("first", "PROVIDER_REFUSED_KEY")),
    );
    const { enrich, lines, alarms, ended, clock, store } = createEnrichDesk([refusing]);

    await Promise.all([enrich.ask(attacker, ["first"], never), enrich.ask(other, ["first"], never)]);
    await enrich.ask(ip("203.0.113.47"), ["first"], never);

    expect(refusing.asked).toHaveLength(2);
    expect(lines).toMatchObject([{ level: "error", fields: { provider: "first" } }]);
    expect(alarms).toMatchObject([
      { key: "provider-key first", message: "FIRST is not asked any more: first said no." },
    ]);

    // Another process with the same key begins.
    const next = createEnrichDesk([refusing], { now: () => clock.now }, store);
    clock.now = after(3599);
    await next.enrich.ask(attacker, ["first"], never);
    expect(refusing.asked).toHaveLength(2);

    clock.now = after(3600);
    await next.step("first"); // nothing waits there
    await Promise.all([stranger(1), stranger(2)].map((one) => next.enrich.ask(one, ["first"], never)));
    expect(refusing.asked).toHaveLength(3); // one tries

    works = true;
    clock.now = after(7200);
    await next.step("first");
    await next.enrich.ask(stranger(3), ["first"], never);
    await next.enrich.ask(stranger(4), ["first"], never);
    expect(refusing.asked).toHaveLength(5);
    expect(next.ended).toContain("provider-key first");
    expect(ended).toEqual([]);
  });

  test("for its key is asked at once with another key", async () => {
    const { enrich, store, clock } = createEnrichDesk([failing("first", "PROVIDER_REFUSED_KEY")]);
    await enrich.ask(attacker, ["first"], never);

    const right = knowing("first", { keyId: "another" });
    const next = createEnrichDesk([right], { now: () => clock.now }, store);
    await next.enrich.ask(attacker, ["first"], never);

    expect(right.asked).toEqual([attacker]);
  });

  test("for its quota is left alone until it said", async () => {
    const exhausted = failing("first", "PROVIDER_QUOTA_EXHAUSTED", 60_000);
    const { enrich, lines, clock, step } = createEnrichDesk([exhausted]);
    await enrich.ask(attacker, ["first"], never);

    clock.now = after(45);
    await expect(enrich.ask(other, ["first"], never)).resolves.toMatchObject({
      waiting: [{ reason: "first said no", retryAt: after(60) }],
    });
    expect(exhausted.asked).toHaveLength(1);

    clock.now = after(60);
    await step("first");
    await enrich.ask(other, ["first"], never);
    expect(exhausted.asked).toHaveLength(2);
    expect(lines.map(({ level }) => level)).toEqual(["warn", "warn"]);
  });

  test("for a quota of which it does not say when it ends is asked what is left, after the second time", async () => {
    let read = 0;
    const exhausted = {
      ...failing("first", "PROVIDER_QUOTA_EXHAUSTED"),
      quota: [{ name: "day" as const, limit: 500, isCalendar: true as const }],
      readQuota: async () => {
        read += 1;
        return [{ name: "day" as const, limit: 500, left: 0 }];
      },
    };
    const { enrich, clock } = createEnrichDesk([exhausted]);
    await enrich.ask(attacker, ["first"], never);
    expect(read).toBe(0);

    clock.now = after(61);
    await enrich.ask(attacker, ["first"], never);
    expect(read).toBe(1);

    clock.now = after(3600);
    await expect(enrich.ask(attacker, ["first"], never)).resolves.toMatchObject({
      waiting: [{ reason: "all 500 calls of the day are spent", retryAt: new Date("2026-11-22T00:00:00Z") }],
    });
    expect(exhausted.asked).toHaveLength(2);
  });

  test("five times in a row is left alone, and tried with one call", async () => {
    let works = false;
    const flaky = provider("first", () =>
      works ? Promise.resolve(undefined) : Promise.reject(failure("first", "PROVIDER_UNAVAILABLE")),
    );
    const { enrich, clock } = createEnrichDesk([flaky]);
    const ask = (n: number) => enrich.ask(stranger(n), ["first"], never);
    for (let n = 0; n < 10; n += 1) {
      clock.wait(31); // nothing waits in the queue that nobody has looked after
      await ask(n);
    }
    expect(flaky.asked.length).toBeLessThan(10);
    const before = flaky.asked.length;

    clock.wait(900);
    await Promise.all([20, 21, 22].map(ask));
    expect(flaky.asked).toHaveLength(before + 1);

    works = true;
    clock.wait(900);
    await ask(30);
    clock.wait(31);
    await Promise.all([31, 32, 33].map(ask));
    expect(flaky.asked).toHaveLength(before + 5);
  });
});

describe("at the start", () => {
  test("a wrong key is found where the provider tells, and what was put off is due", async () => {
    const refusing = {
      ...knowing("first"),
      readQuota: () => Promise.reject(failure("first", "PROVIDER_REFUSED_KEY")),
    };
    const { enrich, alarms, clock } = createEnrichDesk([refusing]);

    await enrich.checkKeys(never);

    expect(alarms).toMatchObject([{ key: "provider-key first" }]);
    await enrich.ask(attacker, ["first"], never);
    expect(refusing.asked).toEqual([]);
    clock.now = after(3600);
    await enrich.ask(attacker, ["first"], never);
    expect(refusing.asked).toEqual([attacker]);
  });

  test("limits and what is spent are taken over, without stopping for one that fails", async () => {
    const quota = [{ name: "day" as const, limit: 500, isCalendar: true as const }];
    const telling = {
      ...knowing("first", { quota }),
      readQuota: async () => [{ name: "day" as const, limit: 1000, left: 997 }],
    };
    const broken = { ...knowing("second"), readQuota: () => Promise.reject(new Error("bug")) };
    const { enrich } = createEnrichDesk([telling, broken]);

    await enrich.checkKeys(never);

    await expect(enrich.states()).resolves.toMatchObject([
      { name: "first", state: "ok", windows: [{ limit: 1000, used: 3, left: 997 }] },
      { name: "second", state: "ok" },
    ]);
  });
});
