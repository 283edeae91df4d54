import { expect, test } from "vitest";
import { searchTimeOf } from "../../src/domain/sid.ts";
import { after, sampleAlert, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

describeStore("the alerts of one sid", (engine) => {
  test("are at most as many as can be in memory together", async () => {
    const store = await newStore(engine);
    const sid = "1760000400.1";
    const rows = [[["_raw", ["x".repeat(5 * 1024 * 1024)]]]] as const;
    const ids = [1, 2, 3, 4].map((n) => `al_${searchTimeOf(sid)}${n}`);
    await store.insertAlerts(ids.map((id) => sampleAlert(id, { sid, rows })));

    const found = await store.alertsOfSid(sid, ["splunk-webhook"]);

    expect(found.map(({ id }) => id)).toEqual(ids.slice(0, 3));
  });
});

describeStore("the store's searches", (engine) => {
  test("alerts of many searches at once are all counted", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const names = ["SSH", "RDP", "VPN"];
    const ids = Array.from({ length: 60 }, (_, n) => `al_${n}`);
    await a.insertAlerts(ids.map((id) => sampleAlert(id)));

    await Promise.all(
      ids.map((id, n) =>
        (n % 2 === 0 ? a : b).recordSightings(id, [], t0, {
          search: { name: names[n % 3] ?? "", alertAt: after(n) },
          recovery: null,
          doubt: null,
          askedMode: null,
        }),
      ),
    );

    expect(await a.searches()).toEqual([
      { name: "RDP", alerts: 20, lastAlertAt: after(58), told: null },
      { name: "SSH", alerts: 20, lastAlertAt: after(57), told: null },
      { name: "VPN", alerts: 20, lastAlertAt: after(59), told: null },
    ]);
  });

  test("what Splunk tells of a search stands beside what came from it, and is replaced", async () => {
    const store = await newStore(engine);
    const told = {
      isScheduled: true,
      hasWebhook: true,
      nextRunAt: after(300),
      lastRunAt: t0,
      periodSeconds: 300,
      toldAt: t0,
    };
    await store.tellSearches([{ name: "SSH", told }]);

    await store.tellSearches([{ name: "SSH", told: { ...told, nextRunAt: null, toldAt: after(300) } }]);

    expect(await store.searches()).toEqual([
      { name: "SSH", alerts: 0, lastAlertAt: null, told: { ...told, nextRunAt: null, toldAt: after(300) } },
    ]);
  });
});
