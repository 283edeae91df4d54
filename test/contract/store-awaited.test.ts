import { expect, test } from "vitest";
import { park, sightMany, sightOne } from "../fakes/parking.ts";
import { after, ip, recordOf, sampleClaim, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const [waits, parked, decided, held, denied, lapsed, failed, never] = Array.from({ length: 8 }, (_, n) =>
  ip(`203.0.113.${n}`),
);

describeStore("addresses about which providers are asked", (engine) => {
  test("are those for which a sighting or a person waits", async () => {
    const store = await newStore(engine);
    const of = (address = ip("::")) => address;
    await sightOne(store, "al_1", { address: of(waits) });
    await park(store, await sightOne(store, "al_2", { address: of(parked) }));
    // Decided once and waiting again; and only decided.
    for (const [alert, address] of [
      ["al_3", of(decided)],
      ["al_4", of(waits)],
    ] as const) {
      const sighting = await sightOne(store, alert, { address });
      const watch = sampleDecision(`de_${alert}`, { ip: address, action: "watch", expiresAt: null });
      await store.recordDecision(recordOf(watch, { sightingId: sighting.id }));
    }
    for (const [id, address, until] of [
      ["de_held", of(held), 3600],
      ["de_denied", of(denied), 3600],
      ["de_lapsed", of(lapsed), 60],
    ] as const) {
      const hold = sampleDecision(id, { ip: address, action: "hold", expiresAt: after(until) });
      await store.recordDecision(recordOf(hold));
    }
    await store.denyHold("de_denied", { actor: "alice", reason: "", now: after(1) });
    await store.failSighting((await sightOne(store, "al_5", { address: of(failed) })).id, "odd");
    const all = [waits, parked, decided, held, denied, lapsed, failed, never].map(of);

    expect(await store.awaited(all, after(60))).toEqual(new Set([waits, parked, held]));
    expect(await store.awaited(all, after(59))).toEqual(new Set([waits, parked, held, lapsed]));
    expect(await store.awaited(all)).toEqual(new Set([waits, parked, held, lapsed]));
    expect(await store.awaited([of(decided), of(never)], t0)).toEqual(new Set());
    expect(await store.awaited([], t0)).toEqual(new Set());
  });

  test("everything that is parked is due at once, whatever else is put off", async () => {
    const store = await newStore(engine);
    const first = await sightOne(store, "al_1");
    const second = await sightOne(store, "al_2", { address: ip("2001:db8::1") });
    const tried = await sightOne(store, "al_3");
    const done = await sightOne(store, "al_4", { address: ip("203.0.113.4") });
    await park(store, first, { until: after(500) });
    await park(store, second, { until: after(9000) });
    await park(store, done);
    await store.postponeSighting(tried.id, after(300), "the disk is full");
    await store.recordDecision(recordOf(sampleDecision("de_1", { ip: done.ip }), { sightingId: done.id }));

    await store.hastenParked(after(10));

    const due = await store.claimSightings(sampleClaim({ now: after(10) }));
    expect(due.map(({ id }) => id).toSorted()).toEqual([first.id, second.id].toSorted());
    expect(await store.lookUpBacklogs()).toMatchObject([{ provider: "virustotal", waiting: 3 }]);
  });

  test("one that is parked again meanwhile is not due a second time", async () => {
    const store = await newStore(engine);
    const sightings = await sightMany(store, 1500, 500);
    await Promise.all(sightings.map((sighting) => park(store, sighting)));

    let isOver = false;
    const hastening = store.hastenParked(after(10)).finally(() => {
      isOver = true;
    });
    let claims = 0;
    for (let isLast = false; !isLast; ) {
      isLast = isOver;
      const due = await store.claimSightings(sampleClaim({ now: after(10), limit: 10_000 }));
      claims += due.length;
      await Promise.all(due.map((sighting) => park(store, sighting, { now: after(10) })));
    }

    await hastening;
    expect(claims).toBe(1500);
  });
});
