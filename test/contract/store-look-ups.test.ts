import { expect, test } from "vitest";
import { type Candidate, priorityOf } from "../../src/domain/look-up.ts";
import type { Claim, WaitingSighting } from "../../src/ports.ts";
import { eventsOf, park, sightMany, sightOne } from "../fakes/parking.ts";
import { after, ip, prefix, sampleClaim, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const address = ip("203.0.113.9");

describeStore("a look-up in the store", (engine) => {
  test("holds what all sightings bring, and each one's events once, however often it waits", async () => {
    const store = await newStore(engine);
    const first = await sightOne(store, "al_1", { count: 7 });
    const second = await sightOne(store, "al_2", { count: 30 });
    await park(store, first, { providers: ["virustotal", "abuseipdb"] });
    await park(store, second, { severity: "critical", searches: ["Port scan"], closeness: 0.5 });
    await park(store, first, { providers: ["virustotal", "greynoise"], closeness: 0.75, firewalls: 9 });

    const [lookUp] = await store.claimLookUps("virustotal", sampleClaim());
    const expected: Candidate = {
      ip: address,
      severity: "critical",
      events: 37,
      searches: ["", "Port scan"],
      firewalls: 9,
      closeness: 0.75,
    };
    expect(lookUp).toEqual({
      ip: address,
      candidate: expected,
      priority: priorityOf(expected),
      since: t0,
    });
    expect(await eventsOf(store, "abuseipdb")).toEqual([7]);
    expect(await eventsOf(store, "greynoise")).toEqual([7]);
  });

  test("that is made anew holds the events of those that wait again", async () => {
    const store = await newStore(engine);
    const first = await sightOne(store, "al_1", { count: 7 });
    const second = await sightOne(store, "al_2", { count: 30 });
    await park(store, first);
    await store.finishLookUps({ provider: "virustotal", findings: [], dropped: [address], now: after(1) });
    await park(store, second, { now: after(2) });
    await park(store, first, { now: after(3) });
    await park(store, first, { now: after(4) });

    expect(await eventsOf(store, "virustotal")).toEqual([37]);
  });

  test("loses no event when many sightings are parked at once", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const sightings: WaitingSighting[] = [];
    for (let n = 0; n < 60; n += 1) {
      sightings.push(
        await sightOne(a, `al_${n}`, { address: ip(`203.0.113.${n % 3}`), count: 2 ** Math.floor(n / 3) }),
      );
    }

    const providers = ["virustotal", "abuseipdb"];
    await Promise.all(
      sightings.map((sighting, n) =>
        park(n % 2 === 0 ? a : b, sighting, { providers: n % 4 < 2 ? providers : providers.toReversed() }),
      ),
    );

    for (const provider of providers) {
      const events = await eventsOf(a, provider);
      expect(events).toHaveLength(3);
      expect(events.reduce((sum, n) => sum + n, 0)).toBe(
        sightings.reduce((sum, { count }) => sum + count, 0),
      );
    }
  });

  test("is claimed by urgency, then by age, and only by one", async () => {
    const store = await newStore(engine);
    const urgencies = [
      { severity: "low", now: after(-4) },
      { severity: "critical", now: after(-2) },
      { severity: "medium", now: after(-1) },
      { severity: "critical", now: after(-3) },
    ] as const;
    for (const [n, urgency] of urgencies.entries()) {
      await park(store, await sightOne(store, `al_${n}`, { address: ip(`203.0.113.${n}`) }), urgency);
    }
    const claim = async (limit: number, changes: Partial<Claim> = {}) =>
      (await store.claimLookUps("virustotal", sampleClaim({ limit, ...changes }))).map((one) => one.ip);

    expect(await claim(2)).toEqual(["203.0.113.3", "203.0.113.1"]);
    expect(await claim(9, { holder: "worker-2" })).toEqual(["203.0.113.2", "203.0.113.0"]);
    expect(await claim(9)).toEqual([]);
    expect(await store.claimLookUps("abuseipdb", sampleClaim())).toEqual([]);
  });

  test("can be claimed again when whoever had it has died, or has given it back", async () => {
    const store = await newStore(engine);
    await park(store, await sightOne(store, "al_1"));
    const claimAt = async (seconds: number) =>
      (await store.claimLookUps("virustotal", sampleClaim({ now: after(seconds), leaseMs: 30_000 }))).length;

    expect(await claimAt(0)).toBe(1);
    expect(await claimAt(29)).toBe(0);
    expect(await claimAt(30)).toBe(1);
    await store.releaseLeases("worker-1");
    expect(await claimAt(31)).toBe(1);
    await store.postponeLookUps("virustotal", [address], after(50));
    expect(await claimAt(49)).toBe(0);
    expect(await claimAt(50)).toBe(1);
    await store.postponeLookUps("virustotal", [address], after(9000));
    await store.hastenLookUps("abuseipdb", after(51));
    expect(await claimAt(51)).toBe(0);
    await store.hastenLookUps("virustotal", after(52));
    expect(await claimAt(52)).toBe(1);
  });

  test("is never claimed by two replicas", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const sightings = await sightMany(a, 40);
    await Promise.all(sightings.map((sighting) => park(a, sighting)));

    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 === 0 ? a : b).claimLookUps("virustotal", sampleClaim({ holder: `worker-${n}`, limit: 3 })),
      ),
    );

    // Who meets a row that another one has just locked may come back with less, so some may be left.
    const rest = await a.claimLookUps("virustotal", sampleClaim());
    expect([...claims.flat(), ...rest].map((one) => one.ip).toSorted()).toEqual(
      sightings.map((one) => one.ip).toSorted(),
    );
  });

  test("is told by network, and counted", async () => {
    const store = await newStore(engine);
    const addresses = ["203.0.113.1", "203.0.113.200", "203.0.112.1", "2001:db8::1", "2001:db8:0:1::1"];
    for (const [n, text] of addresses.entries()) {
      const sighting = await sightOne(store, `al_${n}`, { address: ip(text) });
      await park(store, sighting, {
        now: after(-n),
        providers: n === 0 ? ["virustotal", "abuseipdb"] : ["virustotal"],
      });
    }
    await store.claimLookUps("virustotal", sampleClaim({ limit: 1 }));
    const waitingIn = async (network: string) =>
      (await store.lookUpsIn("virustotal", prefix(network))).toSorted();

    expect(await waitingIn("203.0.113.0/24")).toEqual(["203.0.113.1", "203.0.113.200"]);
    expect(await waitingIn("203.0.113.128/25")).toEqual(["203.0.113.200"]);
    expect(await waitingIn("203.0.112.0/23")).toEqual(["203.0.112.1", "203.0.113.1", "203.0.113.200"]);
    expect(await waitingIn("2001:db8::/64")).toEqual(["2001:db8::1"]);
    expect(await store.lookUpsIn("abuseipdb", prefix("203.0.113.0/24"))).toEqual(["203.0.113.1"]);
    expect(await store.lookUpBacklogs()).toEqual([
      { provider: "abuseipdb", waiting: 1, oldestAt: t0 },
      { provider: "virustotal", waiting: 5, oldestAt: after(-4) },
    ]);
  });

  test("that can't be read is made anew by the sighting that waits for it", async () => {
    const databaseUrl = await engine.newDatabase();
    const warnings: object[] = [];
    const store = await engine.open(databaseUrl, { warn: (fields) => warnings.push(fields) });
    const sighting = await sightOne(store, "al_1");
    await park(store, sighting);
    await engine.tamper(databaseUrl, `update look_ups set candidate = '{"severity":"odd"}'`);

    expect(await store.claimLookUps("virustotal", sampleClaim())).toEqual([]);
    expect(warnings).toEqual([{ table: "look_ups", id: address, column: "candidate" }]);
    expect(await store.claimSightings(sampleClaim({ now: after(1) }))).toEqual([sighting]);
    await park(store, sighting, { now: after(1) });
    expect(await eventsOf(store, "virustotal")).toEqual([7]);
  });
});
