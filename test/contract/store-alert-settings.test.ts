import { expect, test } from "vitest";
import { searchTimeOf } from "../../src/domain/sid.ts";
import type { AlertSettings } from "../../src/domain/alert-settings.ts";
import {
  ip,
  recordOf,
  sampleAlert,
  sampleClaim,
  sampleDecision,
  sampleInputs,
  t0,
} from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";
import { openTellingStore, takeTold } from "../fakes/told-events.ts";

const settings: AlertSettings = {
  fields: ["src_ip", "values(x)"],
  severity: "high",
  mode: "observe",
  note: "a\0b \u202e \ud83d\udee1 <b>",
};
const attacker = ip("203.0.113.9");
const sighting = { ip: attacker, count: 1, fields: ["src_ip"], severity: null };
const sid = "scheduler__admin__search__RMD5_at_1760000400_12";
const alert = sampleAlert(`al_${searchTimeOf(sid)}01`, { settings, sid, source: "splunk-action" });
const plain = sampleAlert(`al_${searchTimeOf(sid)}02`, { sid, source: "splunk-action" });

describeStore("what the author of an alert asks for", (engine) => {
  test("comes back with every reading of the alert", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([alert, plain]);
    const claimed = await store.claimAlerts(sampleClaim());
    await store.recordSightings(alert.id, [sighting], t0);
    const decision = sampleDecision("de_1", { alertId: alert.id });
    await store.recordDecision(recordOf(decision));

    expect(claimed).toEqual([alert, plain]);
    expect((await store.alert(alert.id))?.alert).toEqual(alert);
    expect((await store.alert(alert.id))?.sightings).toMatchObject([{ settings }]);
    expect((await store.addressReport(attacker, t0)).sightings).toMatchObject([{ settings }]);
    expect((await store.story("de_1")).alert).toEqual(alert);
    expect(await store.alertsOfSid(sid, ["splunk-action"])).toEqual([alert, plain]);
    expect(await store.settingsOfAlert(alert.id)).toEqual(settings);
    expect(await store.settingsOfAlert(plain.id)).toBeNull();
    expect(await store.settingsOfAlert("al_none")).toBeNull();
  });

  test("its mode comes with a hold, also where it changed nothing when that was decided", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([alert]);
    await store.recordSightings(alert.id, [sighting], t0);
    const held = { alertId: alert.id, action: "hold", holdCause: "provider" } as const;
    await store.recordDecision(recordOf(sampleDecision("de_1", held)));

    expect(await store.hold("de_1", t0)).toMatchObject({ askedMode: "observe" });
    expect((await store.holds({ limit: 9, cursor: null, now: t0 })).items).toMatchObject([
      { askedMode: "observe" },
    ]);
  });

  test("its mode comes with each waiting address, also of very many, and when it is taken up again", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([alert, plain]);
    const many = Array.from({ length: 2001 }, (_, n) => ({
      ...sighting,
      ip: ip(`198.51.${n >> 8}.${n & 255}`),
    }));
    const extracted = { search: null, recovery: null, doubt: null, askedMode: "observe" } as const;
    await store.recordSightings(alert.id, many, t0, extracted);
    await store.recordSightings(plain.id, [sighting], t0);

    const claimed = await store.claimSightings(sampleClaim({ limit: 5000 }));
    expect(claimed).toHaveLength(2002);
    for (const { alertId, askedMode } of claimed) {
      expect(askedMode).toBe(alertId === alert.id ? "observe" : null);
    }

    await store.redriveAlert(alert.id, t0);
    const [again] = await store.claimSightings(sampleClaim({ limit: 1 }));
    expect(again).toMatchObject({ alertId: alert.id, askedMode: "observe" });
  });

  test("its mode stays with the decision and its hold, and the receipts agree, with it and without", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([alert]);
    await store.recordSightings(alert.id, [sighting], t0);
    const inputs = sampleInputs({ askedMode: "observe" });
    const hold = sampleDecision("de_1", { alertId: alert.id, action: "hold", mode: "observe", inputs });
    await store.recordDecision(recordOf(hold));
    await store.recordDecision(recordOf(sampleDecision("de_2", { ip: ip("203.0.113.10") })));

    expect((await store.decision("de_1"))?.inputs).toEqual(inputs);
    expect((await store.decision("de_2"))?.inputs).toEqual(sampleInputs());
    expect((await store.hold("de_1", t0))?.decision.inputs.askedMode).toBe("observe");
    expect(await store.compareReceipts(t0, new AbortController().signal)).toMatchObject({
      disagreements: [],
    });
  });

  test("its note is told with each decision, to programs that want to know; an unreadable one stops nobody", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await openTellingStore(databaseUrl);
    await store.insertAlerts([alert, plain, { ...alert, id: "al_broken" }]);
    await engine.tamper(databaseUrl, "update alerts set settings = '{' where id = 'al_broken'");
    for (const [n, alertId] of [alert.id, plain.id, "al_broken"].entries()) {
      await store.recordSightings(alertId, [sighting], t0);
      const decision = sampleDecision(`de_${n}`, { alertId, action: "watch", expiresAt: null });
      await store.recordDecision(recordOf(decision, { notifications: [] }));
    }

    const told = await takeTold(store);

    expect(told.map(({ fields }) => fields["note"] ?? null)).toEqual([
      "a\ufffdb \ufffd \ud83d\udee1 <b>",
      null,
      null,
    ]);
  });

  test("waits with the rows that are to be recovered", async () => {
    const store = await newStore(engine);
    const wanted = {
      sid,
      alertId: null,
      cause: "missed-rows",
      searchName: "SSH",
      app: null,
      owner: null,
      settings,
      isRepeated: true,
      dueAt: t0,
    } as const;
    await store.recordMissed([wanted], { name: "catch-up", at: t0, holder: "a" }, t0);

    expect(await store.claimRecoveries(sampleClaim())).toMatchObject([{ sid, settings }]);
  });
});
