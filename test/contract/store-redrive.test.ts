import { expect, test } from "vitest";
import { after, ip, recordOf, sampleAlert, sampleClaim, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const id = "al_1";

describeStore("a stored alert that is taken up again", (engine) => {
  test("is not there when nobody has sent it", async () => {
    const store = await newStore(engine);

    expect(await store.redriveAlert(id, t0)).toBeUndefined();
  });

  test("is extracted again after it failed", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert(id)]);
    await store.failAlert(id, "a bug");
    expect(await store.claimAlerts(sampleClaim())).toEqual([]);

    const redriven = await store.redriveAlert(id, after(1));

    expect(redriven).toEqual({ wasFailed: true, failed: 0, waiting: 0, decided: 0 });
    expect((await store.claimAlerts(sampleClaim({ now: after(1) }))).map((alert) => alert.id)).toEqual([id]);
    expect((await store.alert(id))?.summary.error).toBeNull();
  });

  test("looks at once at addresses that wait or were given up, and leaves alone what was decided", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert(id)]);
    const addresses = ["203.0.113.1", "203.0.113.2", "203.0.113.3"].map(ip);
    await store.recordSightings(
      id,
      addresses.map((one) => ({ ip: one, count: 1, fields: ["src_ip"], severity: null })),
      t0,
    );
    const claimed = await store.claimSightings(sampleClaim());
    const idOf = (address: string) => claimed.find((one) => one.ip === address)?.id ?? "";
    await store.postponeSighting(idOf("203.0.113.1"), after(3600), "waits");
    await store.failSighting(idOf("203.0.113.2"), "a bug");
    const decided = sampleDecision("de_3", { alertId: id, ip: ip("203.0.113.3"), action: "watch" });
    await store.recordDecision(recordOf(decided, { sightingId: idOf("203.0.113.3") }));

    const redriven = await store.redriveAlert(id, after(1));

    expect(redriven).toEqual({ wasFailed: false, failed: 1, waiting: 1, decided: 1 });
    const again = await store.claimSightings(sampleClaim({ now: after(1) }));
    expect(new Map(again.map((one) => [one.ip, one.attempts]))).toEqual(
      new Map([
        ["203.0.113.1", 0],
        ["203.0.113.2", 0],
      ]),
    );
  });
});
