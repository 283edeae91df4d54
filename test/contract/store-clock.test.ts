import { expect, test } from "vitest";
import { park, sightOne } from "../fakes/parking.ts";
import { blockWithin } from "../fakes/block-wishes.ts";
import { after, ip, recordOf, sampleAlert, sampleClaim, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";
import { openTellingStore } from "../fakes/told-events.ts";

const day = 86_400;

describeStore("after the clock was ahead", (engine) => {
  test("blocks of the future fill no limit", async () => {
    const store = await newStore(engine);
    const limits = { perMinute: 2, perHour: 2 };
    await blockWithin(store, 1, { limits, at: day });
    await blockWithin(store, 2, { limits, at: day });

    expect(await blockWithin(store, 3, { limits, at: 0 })).toMatchObject({ action: "block" });
    expect(await blockWithin(store, 4, { limits, at: day - 600 })).toMatchObject({ action: "block" });
  });

  test("an alert is taken at once", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert("al_1", { receivedAt: after(day) })]);
    expect(await store.claimAlerts(sampleClaim({ now: after(60) }))).toEqual([]);

    await store.mendClock(after(60));

    expect(await store.claimAlerts(sampleClaim({ now: after(60) }))).toMatchObject([{ id: "al_1" }]);
  });

  test("a sighting is decided at once, also one that is parked, and counts from now", async () => {
    const store = await newStore(engine);
    const named = ["203.0.113.1", "203.0.113.2"].map((text) => ({
      ip: ip(text),
      count: 1,
      fields: [],
      severity: null,
    }));
    await store.recordSightings("al_1", named, after(day));
    const [parked] = await store.claimSightings(sampleClaim({ now: after(day), limit: 1 }));
    await park(store, parked ?? (await sightOne(store, "none")), { now: after(day), until: after(8 * day) });

    await store.mendClock(after(60));

    const claimed = await store.claimSightings(sampleClaim({ now: after(60) }));
    expect(claimed.map(({ createdAt }) => createdAt)).toEqual([after(60), after(60)]);
    const due = await store.claimLookUps("virustotal", sampleClaim({ now: after(60) }));
    expect(due).toMatchObject([{ ip: parked?.ip }]);
  });

  test("what is parked for days by its policy stays so", async () => {
    const store = await newStore(engine);
    await park(store, await sightOne(store, "al_1"), { until: after(7 * day) });
    await store.claimLookUps("virustotal", sampleClaim());
    await store.postponeLookUps("virustotal", [ip("203.0.113.9")], after(30 * day));

    await store.mendClock(after(60));

    expect(await store.claimSightings(sampleClaim({ now: after(6 * day) }))).toEqual([]);
    expect(await store.claimLookUps("virustotal", sampleClaim({ now: after(29 * day) }))).toEqual([]);
  });

  test("an event for programs is sent at once, and what Splunk wanted to wait for stays", async () => {
    const store = await openTellingStore(await engine.newDatabase());
    await store.raiseAlarm({ key: "k", message: "m", advice: "a" }, [], after(day));
    await store.raiseAlarm({ key: "l", message: "m", advice: "a" }, [], after(0));
    const [waits] = await store.claimNotifications("hec", sampleClaim({ now: after(1) }));
    await store.postponeNotifications([waits?.id ?? ""], after(3600), "busy");

    await store.mendClock(after(60));

    const claimed = await store.claimNotifications("hec", sampleClaim({ now: after(60) }));
    expect(claimed.map(({ event }) => event?.fields["alarm_key"])).toEqual(["k"]);
  });

  test("claims of the future are freed", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert("al_1")]);
    await store.claimAlerts(sampleClaim({ now: after(day) }));
    await sightOne(store, "al_2");
    await store.claimSightings(sampleClaim({ now: after(day) }));
    await store.leaseFirewall("edge-1", "other", after(day), after(day + 60));

    await store.mendClock(after(90));

    expect(await store.claimAlerts(sampleClaim({ now: after(90) }))).toHaveLength(1);
    expect(await store.claimSightings(sampleClaim({ now: after(90) }))).toHaveLength(1);
    expect(await store.leaseFirewall("edge-1", "mine", after(90), after(120))).toBe(true);
  });

  test("a message of the far future is sent, and one that waits for its next attempt is not", async () => {
    const store = await newStore(engine);
    const due = (seconds: number) => [{ channel: "email", dueAt: after(seconds) }];
    const decision = (n: number) => sampleDecision(`de_${n}`, { ip: ip(`203.0.113.${n}`) });
    await store.recordDecision(recordOf(decision(1), { notifications: due(30 * day) }));
    await store.recordDecision(recordOf(decision(2), { notifications: due(day) }));

    await store.mendClock(t0);

    const sent = await store.claimNotifications("email", sampleClaim({ now: after(1) }));
    expect(sent).toMatchObject([{ subject: { id: "de_1" } }]);
  });

  test("all is looked at again as soon as time has gone back", async () => {
    const store = await newStore(engine);
    await store.mendClock(after(0));
    await store.mendClock(after(day));
    await store.insertAlerts([sampleAlert("al_1", { receivedAt: after(day) })]);

    await store.mendClock(after(120));

    expect(await store.claimAlerts(sampleClaim({ now: after(120) }))).toHaveLength(1);
  });
});
