import { expect, test } from "vitest";
import type { Alert } from "../../src/domain/alert.ts";
import { after, ip, sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const mebibyte = 1024 * 1024;

function alertOf(id: string, receivedAt: Date, mebibytes: number): Alert {
  return sampleAlert(id, { receivedAt, rows: [[["_raw", ["x".repeat(mebibytes * mebibyte)]]]] });
}

describeStore("the store and large alerts", (engine) => {
  test("one claim brings 4 MiB of alerts at most, or one that is larger", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([
      alertOf("al_1", after(1), 0.5),
      alertOf("al_2", after(2), 5),
      alertOf("al_3", after(3), 3),
      alertOf("al_4", after(3), 0.5),
      alertOf("al_5", after(4), 1),
      alertOf("al_6", after(5), 0.1),
    ]);

    const claims: string[][] = [];
    for (let n = 0; n < 5; n += 1) {
      const claimed = await store.claimAlerts(sampleClaim({ now: after(9) }));
      claims.push(claimed.map(({ id }) => id).toSorted());
    }

    expect(claims).toEqual([["al_1"], ["al_2"], ["al_3", "al_4"], ["al_5", "al_6"], []]);
  });

  test("two who claim large alerts at once get each alert once", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const ids = ["al_0", "al_1", "al_2", "al_3", "al_4", "al_5"];
    await a.insertAlerts(ids.map((id) => alertOf(id, t0, 1.5)));

    const claimed: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const claims = await Promise.all([a.claimAlerts(sampleClaim()), b.claimAlerts(sampleClaim())]);
      claimed.push(...claims.flat().map(({ id }) => id));
    }

    expect(claimed.toSorted()).toEqual(ids);
  });

  test("many addresses of one alert are recorded bit by bit, and the alert is done with the last", async () => {
    const store = await newStore(engine);
    const many = Array.from({ length: 20_001 }, (_, n) => ({
      ip: ip(`198.18.${n >> 8}.${n & 255}`),
      count: 1,
      fields: ["src"],
      severity: null,
    }));
    await store.insertAlerts([sampleAlert("al_1")]);

    const done = new AbortController();
    const recording = store.recordSightings("al_1", many, t0).finally(() => {
      done.abort();
    });
    const seen: { readonly sightingsWaiting: number; readonly alertsWaiting: number }[] = [];
    while (!done.signal.aborted) {
      seen.push(await store.counts(t0));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await recording;

    const partly = seen.filter(
      ({ sightingsWaiting }) => sightingsWaiting > 0 && sightingsWaiting < many.length,
    );
    expect(partly).not.toEqual([]);
    expect(partly.map(({ alertsWaiting }) => alertsWaiting)).toEqual(partly.map(() => 1));
    await store.recordSightings("al_1", many, after(60));
    expect(await store.counts(t0)).toMatchObject({ alertsWaiting: 0, sightingsWaiting: many.length });
  });
});
