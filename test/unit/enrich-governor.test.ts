import { describe, expect, test } from "vitest";
import { createGovernor, isGrant } from "../../src/enrich/governor.ts";
import type { QuotaWindow } from "../../src/ports.ts";
import { attacker, createEnrichDesk, knowing, never, stranger } from "../fakes/enrich-desk.ts";
import { createLookUpStore } from "../fakes/look-up-store.ts";
import { after, t0 } from "../fakes/samples.ts";

function createDesk(quota: readonly QuotaWindow[], store = createLookUpStore()) {
  const clock = { now: t0 };
  const open = () => createGovernor({ key: "virustotal check 0123", quota, store, now: () => clock.now });
  return { store, clock, open, governor: open() };
}

const minute: QuotaWindow = { name: "minute", limit: 4 };

describe("a governor", () => {
  test("never grants more than there is, also to several processes at once", async () => {
    const { open } = createDesk([minute]);
    const replicas = [open(), open(), open()] as const;

    const reserved = await Promise.all(
      replicas.flatMap((replica) => Array.from({ length: 20 }, () => replica.reserve(null))),
    );

    expect(reserved.filter(isGrant)).toHaveLength(4);
  });

  test("has counted a call before it grants it, so that who is killed has not asked more", async () => {
    const { governor, store, open } = createDesk([minute]);

    const reserved = await governor.reserve(null);

    expect(isGrant(reserved)).toBe(true);
    expect((await store.budgets()).get("virustotal check 0123")?.windows[0]?.used).toBe(1);
    // The next process goes on with what is left.
    const grants = await Promise.all(Array.from({ length: 5 }, () => open().reserve(null)));
    expect(grants.filter(isGrant)).toHaveLength(3);
  });

  test("shares commits between calls at the same time", async () => {
    const { governor, store } = createDesk([]);

    await Promise.all(Array.from({ length: 100 }, () => governor.reserve(null)));

    expect(store.commits()).toBe(1);
  });

  test("refuses a storm without asking the store, and looks again after five seconds or when the clock went back", async () => {
    const { governor, clock } = createDesk([{ name: "hour", limit: 1 }]);
    expect(governor.refusalOf(null)).toBeNull();
    await governor.reserve(null);

    expect(governor.refusalOf(null)).toMatchObject({ reason: "all 1 calls of the hour are spent" });
    clock.now = after(4.9);
    expect(governor.refusalOf(null)).not.toBeNull();
    clock.now = after(5);
    expect(governor.refusalOf(null)).toBeNull();
    clock.now = after(-1);
    expect(governor.refusalOf(null)).toBeNull();
  });

  test("takes the limits of the settings when it starts, and counts on", async () => {
    const store = createLookUpStore();
    await createDesk([minute], store).governor.reserve(null);
    const { governor } = createDesk(
      [
        { name: "minute", limit: 2 },
        { name: "hour", limit: 9 },
      ],
      store,
    );

    const grants = await Promise.all(Array.from({ length: 5 }, () => governor.reserve(null)));

    expect(grants.filter(isGrant)).toHaveLength(1);
    expect((await governor.outlook()).refusal?.notBefore).toEqual(after(60));
  });

  test("believes what the provider counts, but for calls under way", async () => {
    const { governor, store } = createDesk([{ name: "day", limit: 100 }]);
    const used = async () => (await store.budgets()).get("virustotal check 0123")?.windows[0]?.used;
    const [first, second] = await Promise.all([governor.reserve(null), governor.reserve(null)]);
    if (!isGrant(first) || !isGrant(second)) {
      throw new Error("not granted");
    }

    await governor.settle(first, { what: "known", quota: [{ name: "day", limit: 100, left: 99 }] });
    expect(await used()).toBe(2);
    await governor.settle(second, { what: "known", quota: [{ name: "day", limit: 100, left: 40 }] });
    expect(await used()).toBe(60);
  });
});

test("a storm of what can't be asked costs no transactions", async () => {
  const asked = knowing("first", { quota: [minute] });
  const { enrich, store } = createEnrichDesk([asked]);
  await Promise.all([0, 1, 2, 3].map((n) => enrich.ask(stranger(n), ["first"], never)));
  const before = store.commits();

  for (let n = 4; n < 2000; n += 1) {
    await enrich.ask(stranger(n), ["first"], never);
  }

  expect(asked.asked).toHaveLength(4);
  expect(store.commits() - before).toBeLessThan(5);
});

test("what is known of providers says what is left, how many wait and until when it lasts", async () => {
  const quota: readonly QuotaWindow[] = [minute, { name: "day", limit: 10, isCalendar: true }];
  const network = { terms: { numbers: [], times: [] }, quota: [{ name: "day" as const, limit: 100 }] };
  const lookUp = () => Promise.reject(new Error("not needed"));
  const asked = knowing("first", { quota, network: { ...network, lookUp } });
  const { enrich, store, clock, step } = createEnrichDesk([asked]);
  store.queue(
    "first",
    { ip: attacker, severity: "low", events: 1, searches: [], firewalls: 0, closeness: 0 },
    after(600),
  );
  await Promise.all([0, 1, 2, 3].map((n) => enrich.ask(stranger(n), ["first"], never)));
  clock.now = after(61);
  await step("first");
  await Promise.all([4, 5].map((n) => enrich.ask(stranger(n), ["first"], never)));

  await expect(enrich.states()).resolves.toMatchObject([
    {
      name: "first",
      title: "FIRST",
      isOptional: false,
      state: "short",
      gear: "ordered",
      windows: [
        { name: "minute", limit: 4, used: 2, left: 2 },
        { name: "day", limit: 10, used: 6, left: 4, resetsAt: new Date("2026-11-22T00:00:00Z") },
      ],
      waiting: 1,
      oldestWaitingAt: after(600),
      notBefore: null,
      trouble: null,
      totals: { asked: 6, known: 6, unknown: 0, failed: 0 },
      network: { gear: "free", windows: [{ limit: 100, left: 100 }] },
    },
  ]);
  const [state] = await enrich.states();
  expect(state?.runsOutAt?.getTime()).toBeLessThan(Date.parse("2026-11-22T00:00:00Z"));
});
