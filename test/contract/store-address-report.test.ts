import { expect, test } from "vitest";
import type { Severity } from "../../src/domain/severity.ts";
import type { Store } from "../../src/ports.ts";
import { unknown } from "../fakes/findings.ts";
import {
  after,
  ip,
  prefix,
  recordOf,
  sampleAlert,
  sampleClaim,
  sampleDecision,
  t0,
} from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const address = ip("203.0.113.9");

async function see(store: Store, alertId: string, seconds: number, count: number): Promise<string> {
  await store.insertAlerts([sampleAlert(alertId, { searchName: `search of ${alertId}` })]);
  await store.recordSightings(
    alertId,
    [{ ip: address, count, fields: ["src"], severity: null }],
    after(seconds),
  );
  const [claimed] = await store.claimSightings(sampleClaim({ now: after(seconds) }));
  return claimed?.id ?? "";
}

function park(store: Store, sightingId: string, text: string, severity: Severity, seconds = 50) {
  const candidate = { ip: ip(text), severity, events: 1, searches: [], firewalls: 1, closeness: 0 };
  const providers = ["abuseipdb", "virustotal"];
  const until = after(9000);
  return store.parkSighting({
    sightingId,
    until,
    reason: "waits",
    providers,
    candidate,
    now: after(seconds),
  });
}

describeStore("the store's report about an address", (engine) => {
  test("nothing is known of most", async () => {
    const store = await newStore(engine);
    await see(store, "al_1", 0, 1);

    expect(await store.addressReport(ip("203.0.113.10"), t0)).toEqual({
      ip: "203.0.113.10",
      sightings: [],
      events: 0,
      firstSeenAt: null,
      lastSeenAt: null,
      findings: [],
      lookUps: [],
      decisions: [],
      holds: [],
      blocks: [],
      graces: [],
      receipts: [],
    });
  });

  test("all that happened is in it, newest first", async () => {
    const store = await newStore(engine);
    const first = await see(store, "al_1", 0, 3);
    const hold = sampleDecision("de_1", { action: "hold", alertId: "al_1" });
    await store.recordDecision(recordOf(hold, { sightingId: first }));
    const block = sampleDecision("de_2", { alertId: "al_1", actor: "alice", decidedAt: after(10) });
    await store.recordDecision(recordOf(block, { sightingId: "", answers: "de_1" }));
    await store.liftBlocks(prefix("203.0.113.0/24"), {
      actor: "bob",
      reason: "ours",
      now: after(20),
      graceUntil: after(9999),
    });
    const second = await see(store, "al_2", 30, 4);
    await park(store, second, "203.0.113.9", "low");
    const finding = { ...unknown("virustotal"), ip: address, expiresAt: after(1) };
    await store.finishLookUps({ provider: "virustotal", findings: [finding], dropped: [], now: after(60) });

    const report = await store.addressReport(address, after(70));

    expect(report).toMatchObject({
      ip: address,
      events: 7,
      firstSeenAt: t0,
      lastSeenAt: after(30),
      sightings: [
        { alertId: "al_2", searchName: "search of al_2", decision: null, sighting: { count: 4 } },
        { alertId: "al_1", decision: { id: "de_2" }, dueAt: null, error: null },
      ],
      findings: [finding],
      lookUps: [{ provider: "abuseipdb", place: 1, since: after(50) }],
      decisions: [{ id: "de_2" }, { id: "de_1" }],
      holds: [{ decision: { id: "de_1" }, state: "approved", actor: "alice", searchName: "search of al_1" }],
      blocks: [{ state: "lifted", lifted: { actor: "bob" }, enforcements: [{}, {}] }],
      graces: [{ prefix: "203.0.113.0/24", actor: "bob" }],
    });
    const told = report.receipts.map(({ kind }) => kind);
    expect(told.toSorted()).toEqual(["block", "decision", "decision", "hold-ended", "lift"]);
    const order = report.receipts.map(({ seq }) => seq);
    expect(order).toEqual(order.toSorted((a, b) => b - a));
  });

  test("its place in a queue counts what is more urgent, or as urgent and older", async () => {
    const store = await newStore(engine);
    const severities = ["critical", "low", "low", "medium"] as const;
    await store.insertAlerts([sampleAlert("al_1")]);
    const sightings = severities.map((severity, n) => ({
      ip: ip(`203.0.113.${n + 1}`),
      count: 1,
      fields: [],
      severity,
    }));
    await store.recordSightings("al_1", sightings, t0);
    const claimed = await store.claimSightings(sampleClaim());
    for (const [n, one] of sightings.entries()) {
      const id = claimed.find((each) => each.ip === one.ip)?.id ?? "";
      await park(store, id, one.ip, one.severity, 50 + n);
    }
    const places = await Promise.all(
      sightings.map(async (one) => (await store.addressReport(one.ip, t0)).lookUps),
    );

    const of = (provider: string) =>
      places.map((those) => those.find((one) => one.provider === provider)?.place);
    expect(of("virustotal")).toEqual([1, 3, 4, 2]);
    expect(of("abuseipdb")).toEqual([1, 3, 4, 2]);
    expect((await store.counts(t0)).lookUpsWaiting).toBe(8);
  });

  test("of an address that is seen all the time, 100 of each come, and all events count", async () => {
    const store = await newStore(engine);
    for (let n = 0; n < 120; n += 1) {
      const sightingId = await see(store, `al_${n}`, n, 2);
      const decision = sampleDecision(`de_${n}`, {
        action: "watch",
        alertId: `al_${n}`,
        decidedAt: after(n),
      });
      await store.recordDecision(recordOf(decision, { sightingId }));
    }

    const report = await store.addressReport(address, after(200));

    expect(report).toMatchObject({ events: 240, firstSeenAt: t0, lastSeenAt: after(119) });
    expect(report.sightings).toHaveLength(100);
    expect(report.sightings.map(({ decision }) => decision?.id)).toEqual(
      Array.from({ length: 100 }, (_, n) => `de_${119 - n}`),
    );
    expect(report.decisions).toHaveLength(100);
    expect(report.receipts).toHaveLength(100);
    expect(report.receipts[0]).toMatchObject({ subject: "de_119" });
  });
});
