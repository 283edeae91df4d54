import { expect, test } from "vitest";
import type { IpAddress } from "../../src/domain/ip-address.ts";
import { findingsOf } from "../fakes/facts.ts";
import { answer, park, sightMany, sightOne } from "../fakes/parking.ts";
import { after, ip, recordOf, sampleClaim, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const address = ip("203.0.113.9");
const everSince = { limit: 1_000_000, leaseMs: 1 };

describeStore("a sighting that is parked", (engine) => {
  test("waits until its time is up, without counting an attempt", async () => {
    const store = await newStore(engine);
    const sighting = await sightOne(store, "al_1");

    await park(store, sighting, { until: after(300), reason: "virustotal: quota\0\ud800" });

    expect(await store.claimSightings(sampleClaim({ now: after(299) }))).toEqual([]);
    expect(await store.claimSightings(sampleClaim({ now: after(300) }))).toEqual([sighting]);
  });

  test("is due at once when a provider has answered, or need not be asked any more", async () => {
    const store = await newStore(engine);
    const sighting = await sightOne(store, "al_1");
    const other = await sightOne(store, "al_2", { address: ip("203.0.113.10") });
    const third = await sightOne(store, "al_3", { address: ip("203.0.113.11") });
    for (const one of [sighting, other, third]) {
      await park(store, one);
    }

    await store.finishLookUps({
      provider: "virustotal",
      findings: [answer(address, 10)],
      dropped: [other.ip],
      now: after(10),
    });

    const due = await store.claimSightings(sampleClaim({ now: after(10) }));
    expect(due.map(({ id }) => id).toSorted()).toEqual([sighting.id, other.id].toSorted());
    expect(await findingsOf(store, address)).toEqual([answer(address, 10)]);
    expect(await store.claimLookUps("virustotal", sampleClaim({ now: after(10) }))).toMatchObject([
      { ip: third.ip },
    ]);
  });

  test("is due at once when the answer has come while it was looked at, but once only", async () => {
    const store = await newStore(engine);
    const sighting = await sightOne(store, "al_1");
    const finish = (foundAt: number) =>
      store.finishLookUps({
        provider: "virustotal",
        findings: [answer(address, foundAt)],
        dropped: [],
        now: after(foundAt),
      });
    const claimIds = async (seconds: number) =>
      (await store.claimSightings(sampleClaim({ now: after(seconds), leaseMs: 1 }))).map(({ id }) => id);

    await finish(1);
    await park(store, sighting, { now: after(2) });
    expect(await claimIds(2)).toEqual([sighting.id]);
    expect(await store.lookUpBacklogs()).toEqual([]);

    await park(store, sighting, { now: after(3) });
    expect(await claimIds(4)).toEqual([]);
    expect(await store.lookUpBacklogs()).toMatchObject([{ provider: "virustotal", waiting: 1 }]);

    await finish(5);
    await park(store, sighting, { now: after(6), providers: ["abuseipdb"] });
    expect(await claimIds(6)).toEqual([]);
    await park(store, sighting, { now: after(7), providers: ["virustotal", "abuseipdb"] });
    expect(await claimIds(7)).toEqual([sighting.id]);
  });

  test("is not due because of an answer from a moment that is still to come", async () => {
    const store = await newStore(engine);
    const sighting = await sightOne(store, "al_1");
    const findings = [answer(address, 3600)];
    await store.finishLookUps({ provider: "virustotal", findings, dropped: [], now: after(3600) });

    await park(store, sighting, { now: after(1) });

    expect(await store.claimSightings(sampleClaim({ now: after(2) }))).toEqual([]);
    expect(await store.lookUpBacklogs()).toMatchObject([{ provider: "virustotal", waiting: 1 }]);
  });

  test("is left alone when another one has decided it meanwhile", async () => {
    const store = await newStore(engine);
    const sighting = await sightOne(store, "al_1");
    await store.recordDecision(recordOf(sampleDecision("de_1"), { sightingId: sighting.id }));

    await park(store, sighting);

    expect(await store.claimSightings(sampleClaim({ now: after(99_999) }))).toEqual([]);
    expect(await store.lookUpBacklogs()).toEqual([]);
  });

  test("no sighting is forgotten while some are parked and others are answered", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const sightings = await sightMany(a, 120, 12);

    // Ten sightings of each address, and one answer about it that comes before, among or after them.
    await Promise.all(
      sightings.flatMap((sighting, n) => {
        const [store, other] = n % 2 === 0 ? [a, b] : [b, a];
        const isAnswered = Math.floor(n / 12) === n % 12;
        const finish = () =>
          other.finishLookUps({
            provider: "virustotal",
            findings: [answer(sighting.ip, 0)],
            dropped: [],
            now: after(1),
          });
        return [
          ...(isAnswered ? [finish()] : []),
          park(store, sighting, { providers: ["virustotal", "abuseipdb"], now: after(1) }),
        ];
      }),
    );

    const due = new Set(
      (await a.claimSightings(sampleClaim({ now: after(1), ...everSince }))).map(({ id }) => id),
    );
    const asked = new Set<IpAddress>();
    for (const provider of ["virustotal", "abuseipdb"]) {
      for (const one of await a.claimLookUps(provider, sampleClaim({ now: after(1), ...everSince }))) {
        asked.add(one.ip);
      }
    }
    expect(sightings.filter((one) => !due.has(one.id) && !asked.has(one.ip))).toEqual([]);
  });

  test("10,000 sightings of 2,000 addresses are parked, asked about and due again in seconds", async () => {
    const store = await newStore(engine);
    const sightings = await sightMany(store, 10_000, 2000);

    const startedAt = performance.now();
    await Promise.all(sightings.map((sighting) => park(store, sighting)));
    const parkedAt = performance.now();
    expect(await store.lookUpBacklogs()).toMatchObject([{ waiting: 2000 }]);
    for (let left = 2000; left > 0; ) {
      const claimed = await store.claimLookUps("virustotal", sampleClaim({ limit: 8 }));
      const findings = claimed.map((one) => answer(one.ip, 0));
      await store.finishLookUps({ provider: "virustotal", findings, dropped: [], now: t0 });
      left -= claimed.length;
      expect(claimed.length).toBeGreaterThan(0);
    }
    const finishedAt = performance.now();

    expect(await store.lookUpBacklogs()).toEqual([]);
    expect(await store.claimSightings(sampleClaim(everSince))).toHaveLength(10_000);
    // Measured: 0.9 s and 0.3 s on SQLite, 1.2 s and 0.9 s on PostgreSQL. Generous: other work may run on the machine.
    expect(parkedAt - startedAt).toBeLessThan(8000);
    expect(finishedAt - parkedAt).toBeLessThan(8000);
  });
});
