import { describe, expect, test } from "vitest";
import type { Alert } from "../../src/domain/alert.ts";
import { after, ip, sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const hundred = Array.from({ length: 100 }, (_, n) => `al_${String(n).padStart(3, "0")}`);

describeStore("the store's alerts and sightings", (engine) => {
  describe("alerts", () => {
    test("the same alert delivered twice is new once, also within one batch", async () => {
      const store = await newStore(engine);

      const first = await store.insertAlerts([sampleAlert("al_b"), sampleAlert("al_a"), sampleAlert("al_b")]);
      const second = await store.insertAlerts([sampleAlert("al_c"), sampleAlert("al_a")]);

      expect(first).toEqual([true, true, false]);
      expect(second).toEqual([true, false]);
      expect((await store.counts(t0)).alerts).toBe(3);
    });

    test("an empty batch is nothing", async () => {
      const store = await newStore(engine);

      expect(await store.insertAlerts([])).toEqual([]);
    });

    test("a hundred batches at once keep every alert, and each is new in exactly one of them", async () => {
      const [a, b] = await engine.openTwo(await engine.newDatabase());

      const results = await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          (n % 2 === 0 ? a : b).insertAlerts(
            (n % 3 === 0 ? hundred.toReversed() : hundred).map((id) => sampleAlert(id)),
          ),
        ),
      );

      expect(results.flat().filter(Boolean)).toHaveLength(100);
      expect((await a.counts(t0)).alertsWaiting).toBe(100);
    });

    test.each<{ what: string; changes: Partial<Alert> }>([
      {
        what: "no names",
        changes: { sid: null, searchName: null, app: null, owner: null, resultsLink: null },
      },
      { what: "no rows", changes: { rows: [] } },
      {
        what: "field names that JavaScript objects can't keep in order",
        changes: {
          rows: [
            [
              ["__proto__", ["a"]],
              ["constructor", []],
              ["2", ["b"]],
              ["1", ["c", "d"]],
              ["2", [""]],
            ],
          ],
        },
      },
      {
        what: "hostile text",
        changes: {
          searchName: `'; drop table alerts; -- "\\ $1 ?1 %s \n`,
          rows: [[[`"'`, ["\u0000", "\\u0000", "😀", "\u{2028}", "\ud800"]]]],
        },
      },
    ])("an alert comes back as it was: $what", async ({ changes }) => {
      const store = await newStore(engine);
      const alert = sampleAlert("al_1", changes);

      await store.insertAlerts([alert]);

      expect(await store.claimAlerts(sampleClaim())).toEqual([alert]);
    });

    test("a NUL in a name does not make a delivery fail", async () => {
      const store = await newStore(engine);
      const alert = sampleAlert("al_1", {
        sid: "a\0b",
        searchName: "\0",
        app: "\0",
        owner: "\0",
        resultsLink: "\0",
      });

      expect(await store.insertAlerts([alert])).toEqual([true]);
      expect(await store.claimAlerts(sampleClaim())).toMatchObject([
        { sid: "a\u{FFFD}b", searchName: "\u{FFFD}" },
      ]);
    });

    test("the oldest alerts are claimed first", async () => {
      const store = await newStore(engine);
      await store.insertAlerts([3, 1, 2].map((n) => sampleAlert(`al_${n}`, { receivedAt: after(n) })));

      const claimed = await store.claimAlerts(sampleClaim({ now: after(9), limit: 2 }));
      const rest = await store.claimAlerts(sampleClaim({ now: after(9) }));

      expect(claimed.map(({ id }) => id)).toEqual(["al_1", "al_2"]);
      expect(rest.map(({ id }) => id)).toEqual(["al_3"]);
    });

    test("25 who claim 20 alerts at once get each alert once", async () => {
      const [a, b] = await engine.openTwo(await engine.newDatabase());
      const ids = hundred.slice(0, 20);
      await a.insertAlerts(ids.map((id) => sampleAlert(id)));

      const claims = await Promise.all(
        Array.from({ length: 25 }, (_, n) =>
          (n % 2 === 0 ? a : b).claimAlerts(sampleClaim({ holder: `worker-${n}`, limit: 2 })),
        ),
      );

      // Who meets a row that another one has just locked may come back with less, so some may be left.
      const rest = await a.claimAlerts(sampleClaim());
      expect([...claims.flat(), ...rest].map(({ id }) => id).toSorted()).toEqual(ids);
    });

    test("a claimed alert can be claimed again when its lease has ended, not before", async () => {
      const store = await newStore(engine);
      await store.insertAlerts([sampleAlert("al_1")]);
      await store.claimAlerts(sampleClaim({ leaseMs: 60_000 }));

      expect(await store.claimAlerts(sampleClaim({ now: new Date(after(60).getTime() - 1) }))).toEqual([]);
      expect(await store.claimAlerts(sampleClaim({ now: after(60) }))).toHaveLength(1);
    });

    test("who stops gives back what it had claimed, and nobody else's", async () => {
      const store = await newStore(engine);
      await store.insertAlerts([sampleAlert("al_1"), sampleAlert("al_2", { receivedAt: after(-1) })]);
      await store.claimAlerts(sampleClaim({ holder: "worker-1", limit: 1 }));
      await store.claimAlerts(sampleClaim({ holder: "worker-2", limit: 1 }));

      await store.releaseLeases("worker-1");

      expect(await store.claimAlerts(sampleClaim())).toMatchObject([{ id: "al_2" }]);
    });

    test("an alert that failed is counted and not claimed again", async () => {
      const store = await newStore(engine);
      await store.insertAlerts([sampleAlert("al_1")]);

      await store.failAlert("al_1", "no field with an address\0");

      expect(await store.claimAlerts(sampleClaim({ now: after(9999) }))).toEqual([]);
      expect(await store.counts(t0)).toMatchObject({ alerts: 1, alertsWaiting: 0, alertsFailed: 1 });
    });
  });

  describe("sightings", () => {
    const sightings = [
      { ip: ip("203.0.113.9"), count: 7, fields: ["src_ip", "__proto__"], severity: "high" as const },
      { ip: ip("2001:db8::1"), count: 1, fields: [], severity: null },
    ];

    test("repeating them changes nothing, and the alert is done", async () => {
      const store = await newStore(engine);
      await store.insertAlerts([sampleAlert("al_1")]);

      await store.recordSightings("al_1", sightings, t0);
      const [first] = await store.claimSightings(sampleClaim({ limit: 1 }));
      await store.recordSightings("al_1", sightings, after(60));

      expect(first).toMatchObject({
        alertId: "al_1",
        searchName: "SSH brute force",
        attempts: 0,
        createdAt: t0,
      });
      expect(await store.claimSightings(sampleClaim())).toHaveLength(1);
      expect(await store.counts(t0)).toMatchObject({ alertsWaiting: 0, sightingsWaiting: 2 });
    });

    test("an alert without addresses is done", async () => {
      const store = await newStore(engine);
      await store.insertAlerts([sampleAlert("al_1")]);

      await store.recordSightings("al_1", [], t0);

      expect((await store.counts(t0)).alertsWaiting).toBe(0);
    });

    test("10,000 addresses of one alert are kept", async () => {
      const store = await newStore(engine);
      const many = Array.from({ length: 10_000 }, (_, n) => ({
        ip: ip(`198.18.${n >> 8}.${n & 255}`),
        count: n + 1,
        fields: ["src"],
        severity: null,
      }));

      await store.recordSightings("al_1", many, t0);

      const claimed = await store.claimSightings(sampleClaim({ limit: 20_000 }));
      expect(new Map(claimed.map((sighting) => [sighting.ip, sighting.count]))).toEqual(
        new Map(many.map((sighting) => [sighting.ip, sighting.count])),
      );
    });

    test("one that was postponed comes back when it is due, with its attempts counted", async () => {
      const store = await newStore(engine);
      await store.recordSightings("al_1", sightings.slice(0, 1), t0);
      const [claimed] = await store.claimSightings(sampleClaim());

      await store.postponeSighting(claimed?.id ?? "", after(300), "virustotal: quota exhausted");

      expect(await store.claimSightings(sampleClaim({ now: after(299) }))).toEqual([]);
      expect(await store.claimSightings(sampleClaim({ now: after(300) }))).toEqual([
        {
          ...sightings[0],
          id: claimed?.id,
          alertId: "al_1",
          searchName: null,
          askedMode: null,
          attempts: 1,
          createdAt: t0,
        },
      ]);
    });
  });
});
