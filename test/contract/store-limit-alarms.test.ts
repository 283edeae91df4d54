import { expect, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { blockWithin } from "../fakes/block-wishes.ts";
import { after, ip } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const alarmsSent = async (store: Store) =>
  (await store.claimNotifications("email", { holder: "x", limit: 99, now: after(99), leaseMs: 1 })).filter(
    ({ subject }) => subject.kind === "alarm",
  );

describeStore("a limit on new blocks", (engine) => {
  test("once, by an alarm, and of none of the holds", async () => {
    const store = await newStore(engine);
    const limits = { perHour: 1 };
    await blockWithin(store, 1, { limits });
    expect(await store.controls()).toEqual({ paused: null, limited: null });
    expect(await store.openAlarms()).toEqual([]);

    for (const n of [2, 3, 4]) {
      await blockWithin(store, n, { limits, at: n });
    }

    expect(await store.controls()).toEqual({
      paused: null,
      limited: { since: after(2), reason: "1 new blocks an hour are reached", held: 3 },
    });
    expect(await store.openAlarms()).toMatchObject([
      {
        key: "limit",
        message: "New blocks wait for a person: 1 new blocks an hour are reached.",
        raisedAt: after(2),
      },
    ]);
    expect(await alarmsSent(store)).toHaveLength(1);
    // The one about the first block, and the alarm's.
    expect((await store.counts(after(5))).notificationsWaiting).toBe(2);
  });

  test("an address that waits already is not held again, and not counted again", async () => {
    const store = await newStore(engine);
    const limits = { perHour: 1 };
    await blockWithin(store, 1, { limits });
    await blockWithin(store, 2, { limits });

    const again = await blockWithin(store, 3, { limits, ip: ip("198.2.0.1") });

    expect(again).toMatchObject({ action: "ignore", holdCause: null, expiresAt: null });
    expect(again.reasons[0]).toMatch(/^already held until .* by decision de_2$/);
    expect((await store.controls()).limited?.held).toBe(1);
  });

  test("resuming ends it, and counting begins anew", async () => {
    const store = await newStore(engine);
    const limits = { perHour: 1, perSearch: 1, perMinute: 1 };
    await blockWithin(store, 1, { limits });
    await blockWithin(store, 2, { limits });

    await store.resume({ actor: "alice", reason: "all attackers", now: after(10) });

    expect(await store.controls()).toEqual({ paused: null, limited: null });
    expect(await store.openAlarms()).toEqual([]);
    expect(await blockWithin(store, 3, { limits, at: 11 })).toMatchObject({ action: "block" });
    expect(await blockWithin(store, 4, { limits, at: 12 })).toMatchObject({ holdCause: "limit" });
    expect(await store.openAlarms()).toHaveLength(1);
  });

  test("without anybody it is over with the first block after an hour without a hit", async () => {
    const store = await newStore(engine);
    const limits = { perMinute: 1 };
    await blockWithin(store, 1, { limits });
    await blockWithin(store, 2, { limits, at: 10 });

    await blockWithin(store, 3, { limits, at: 3609 });
    expect((await store.controls()).limited).not.toBeNull();
    await blockWithin(store, 4, { limits, at: 3680 });

    expect((await store.controls()).limited).toBeNull();
    expect(await store.openAlarms()).toEqual([]);
  });

  test("an illegible note is not taken for all is well", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await engine.tamper(databaseUrl, `insert into controls (name, value) values ('paused', 'x')`);

    expect(await blockWithin(store, 1, {})).toMatchObject({ holdCause: "paused" });
  });

  test("what a clock counted that was wrong does not count, and is cleared away", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    const limits = { perHour: 1 };
    await blockWithin(store, 1, { limits, at: 1_000_000 });

    expect(await blockWithin(store, 2, { limits })).toMatchObject({ action: "block" });
    // Were it still there, it would count now.
    await engine.tamper(
      databaseUrl,
      `update block_rates set second = second - 1000000 where second > ${after(999_999).getTime() / 1000}`,
    );
    expect(await blockWithin(store, 3, { limits: { perHour: 2 } })).toMatchObject({ action: "block" });
    // A little ahead is another replica's clock.
    await blockWithin(store, 4, { limits: { perHour: 9 }, at: 60 });
    expect(await blockWithin(store, 5, { limits: { perHour: 3 } })).toMatchObject({ action: "hold" });
  });

  test("what is too old to count is cleared away", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    const limits = { perHour: 3 };
    for (const n of [1, 2, 3]) {
      await blockWithin(store, n, { limits });
    }
    await blockWithin(store, 4, { limits, at: 10_800 });
    // Were they still there, this would make them count again.
    await engine.tamper(
      databaseUrl,
      `update block_rates set second = second + 10800 where second < ${after(60).getTime() / 1000}`,
    );

    expect(await blockWithin(store, 5, { limits, at: 10_800 })).toMatchObject({ action: "block" });
  });
});
