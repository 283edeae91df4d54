import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { verifyChain } from "../../src/domain/receipt.ts";
import type { Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleAlert, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

type Entries = Parameters<Store["recordByHand"]>[1];

const alert = sampleAlert("al_hand", { source: "by-hand", sid: null, searchName: null, rows: [] });

/** So many blocks by a person, each of one address. */
function entriesOf(count: number): Entries {
  return Array.from({ length: count }, (_, n) => {
    const address = ip(`198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`);
    const decision = sampleDecision(`de_${n}`, { alertId: alert.id, ip: address, actor: "alice" });
    const sighting = { ip: address, count: 1, fields: ["by hand"], severity: null };
    return { sighting, record: recordOf(decision, { firewalls: ["edge-1"], notifications: [] }) };
  });
}

describeStore("what a person records", (engine) => {
  test("has an alert, sightings and decisions, and nothing of it waits", async () => {
    const store = await newStore(engine);

    const decisions = await store.recordByHand(alert, entriesOf(3));

    expect(decisions).toMatchObject([{ id: "de_0" }, { id: "de_1" }, { id: "de_2" }]);
    expect(await store.story("de_1")).toMatchObject({
      alert,
      sighting: { ip: "198.18.0.1", count: 1, fields: ["by hand"] },
      block: { prefix: "198.18.0.1/32" },
      decision: decisions[1],
    });
    expect(await store.counts(t0)).toMatchObject({
      alerts: 1,
      alertsWaiting: 0,
      sightingsWaiting: 0,
      blocksStanding: 3,
      enforcementsPending: 3,
    });
  });

  test("recorded again is the same", async () => {
    const store = await newStore(engine);
    const first = await store.recordByHand(alert, entriesOf(40));

    expect(await store.recordByHand(alert, entriesOf(40))).toEqual(first);
    expect(await store.counts(t0)).toMatchObject({ alerts: 1, blocksStanding: 40 });
    expect((await store.receiptsAfter(0, 1000)).receipts).toHaveLength(80);
  });

  test("obeys the allow-list, and extends what ends earlier", async () => {
    const store = await newStore(engine);
    await store.addAllowEntry({
      id: "aw_1",
      prefix: prefix("198.18.0.0/32"),
      reason: "our office",
      owner: "",
      actor: "bob",
      createdAt: t0,
      expiresAt: null,
    });
    await store.recordDecision(
      recordOf(sampleDecision("de_old", { ip: ip("198.18.0.1"), expiresAt: after(60) })),
    );

    const decisions = await store.recordByHand(alert, entriesOf(2));

    expect(decisions.map(({ action }) => action)).toEqual(["ignore", "block"]);
    expect(await store.standingBlocks(t0)).toMatchObject([{ decisionId: "de_1", expiresAt: after(3600) }]);
  });

  test("the same network twice in one list is blocked once", async () => {
    const store = await newStore(engine);
    const [one, two] = entriesOf(2);
    const entries = [one, two].flatMap((entry) =>
      entry === undefined ? [] : [{ ...entry, record: { ...entry.record, prefix: prefix("198.18.0.0/24") } }],
    );

    const decisions = await store.recordByHand(alert, entries);

    expect(decisions.map(({ action }) => action)).toEqual(["block", "ignore"]);
  });

  test("without entries is an alert alone", async () => {
    const store = await newStore(engine);

    expect(await store.recordByHand(alert, [])).toEqual([]);
    expect(await store.counts(t0)).toMatchObject({ alerts: 1, alertsWaiting: 0 });
  });

  test("2,000 addresses leave deliveries a chance in between, and one unbroken chain", async () => {
    const store = await newStore(engine);
    let deliveries = 0;
    const progress = { isDone: false };
    const importing = store.recordByHand(alert, entriesOf(2000)).finally(() => {
      progress.isDone = true;
    });
    while (!progress.isDone) {
      await store.insertAlerts([sampleAlert(`al_${deliveries}`)]);
      deliveries += 1;
      await nextTurn();
    }

    expect(await importing).toHaveLength(2000);
    expect(deliveries).toBeGreaterThan(20);
    expect(await store.counts(t0)).toMatchObject({ blocksStanding: 2000, enforcementsPending: 2000 });
    expect(verifyChain((await store.receiptsAfter(0, 9999)).receipts)).toBeNull();
  });
});
