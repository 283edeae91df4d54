import { expect, test } from "vitest";
import { after, ip, sampleAlert, sampleClaim, sampleFirewall, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

describeStore("the store as a whole", (engine) => {
  test("everything is still there after it was closed and opened again", async () => {
    const databaseUrl = await engine.newDatabase();
    const before = await engine.open(databaseUrl);
    await before.insertAlerts([sampleAlert("al_1"), sampleAlert("al_2")]);
    await before.recordSightings(
      "al_1",
      [{ ip: ip("203.0.113.9"), count: 1, fields: [], severity: null }],
      t0,
    );
    const counts = await before.counts(t0);
    await before.close();

    const reopened = await engine.open(databaseUrl);

    expect(await reopened.counts(t0)).toEqual(counts);
    expect(await reopened.claimAlerts(sampleClaim())).toEqual([sampleAlert("al_2")]);
    expect(await reopened.claimSightings(sampleClaim())).toHaveLength(1);
  });

  test("a closed store says so, and closing it twice is harmless", async () => {
    const store = await newStore(engine);
    await store.close();
    await store.close();

    await expect(store.counts(t0)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
  });

  test("of deliveries that nobody could read the newest 1,000 are kept", async () => {
    const store = await newStore(engine);
    for (let n = 0; n < 1003; n += 1) {
      await store.keepUnreadable({
        receivedAt: t0,
        remoteAddress: "192.0.2.1",
        reason: "not JSON \0",
        body: Buffer.alloc(70_000, "\0"),
      });
    }

    const all = { unreadableDeliveries: 1000, lastUnreadableAt: t0 };
    expect(await store.counts(t0)).toMatchObject({ ...all, unreadableLately: 1000 });
    expect(await store.counts(after(86_399))).toMatchObject({ ...all, unreadableLately: 1000 });
    expect(await store.counts(after(86_400))).toMatchObject({ ...all, unreadableLately: 0 });
  });

  test("only one holder at a time may act on a firewall", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());

    expect(await a.leaseFirewall("edge-1", "worker-1", t0, after(30))).toBe(true);
    expect(await b.leaseFirewall("edge-1", "worker-2", after(29), after(60))).toBe(false);
    expect(await b.leaseFirewall("edge-2", "worker-2", t0, after(30))).toBe(true);
    expect(await a.leaseFirewall("edge-1", "worker-1", after(29), after(60))).toBe(true);
    expect(await b.leaseFirewall("edge-1", "worker-2", after(60), after(90))).toBe(true);
    await b.releaseLeases("worker-2");
    expect(await a.leaseFirewall("edge-1", "worker-1", after(61), after(90))).toBe(true);
  });

  test("what is known of a firewall is the latest record", async () => {
    const store = await newStore(engine);
    const known = sampleFirewall("edge-1", { ownAddresses: [ip("192.0.2.1"), ip("2001:db8::1")] });
    const later = sampleFirewall("edge-1", {
      state: "unreachable",
      error: "timed out",
      checkedAt: after(60),
      unreachableSince: after(30),
      drifts: 3,
      lastDrift: { foundAt: after(9), lastGoodAt: null, findings: ["a jump was missing \0", "😀"] },
      capacity: { used: 99_000, most: 100_000 },
    });
    const other = sampleFirewall("edge-2", {
      inSyncAt: null,
      lastDrift: { foundAt: after(9), lastGoodAt: t0, findings: [] },
    });
    await store.recordFirewall(other);
    await store.recordFirewall(known);
    expect(await store.firewalls()).toEqual([known, other]);

    await store.recordFirewall(later);

    expect(await store.firewalls()).toEqual([later, other]);
  });
});
