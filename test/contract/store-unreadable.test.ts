import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/domain/finding.ts";
import { findingsOf, saveFinding } from "../fakes/facts.ts";
import {
  after,
  ip,
  prefix,
  recordOf,
  sampleAlert,
  sampleClaim,
  sampleDecision,
  sampleFirewall,
  sight,
  t0,
} from "../fakes/samples.ts";
import { describeStore, newStore, type StoreEngine } from "../fakes/store-engines.ts";

/** A store whose database can be changed behind its back. */
async function openTampered(engine: StoreEngine) {
  const databaseUrl = await engine.newDatabase();
  const warnings: object[] = [];
  const store = await engine.open(databaseUrl, {
    warn: (fields, message) => warnings.push({ ...fields, message }),
  });
  return { store, warnings, tamper: (statement: string) => engine.tamper(databaseUrl, statement) };
}

const message = "a row in the database can't be read, left out";

describeStore("the store's damaged rows", (engine) => {
  test.each([
    { column: "rows", value: "'{}'" },
    { column: "rows", value: "'secret'" },
    { column: "received_at", value: "9000000000000000" },
  ])("an alert with $column = $value fails, and the others are claimed", async ({ column, value }) => {
    const { store, warnings, tamper } = await openTampered(engine);
    await store.insertAlerts([1, 2, 3].map((n) => sampleAlert(`al_${n}`, { receivedAt: after(n) })));
    await tamper(`update alerts set ${column} = ${value} where id = 'al_2'`);

    const claimed = await store.claimAlerts(sampleClaim({ now: after(9) }));

    expect(claimed.map(({ id }) => id)).toEqual(["al_1", "al_3"]);
    expect(await store.counts(t0)).toMatchObject({ alertsWaiting: 2, alertsFailed: 1 });
    expect(await store.claimAlerts(sampleClaim({ now: after(9999) }))).toHaveLength(2);
    expect(warnings).toEqual([{ table: "alerts", id: "al_2", column, message }]);
  });

  test("a sighting fails, and the others are claimed", async () => {
    const { store, warnings, tamper } = await openTampered(engine);
    const addresses = ["203.0.113.1", "203.0.113.2", "203.0.113.3"];
    await store.recordSightings(
      "al_1",
      addresses.map((address) => ({ ip: ip(address), count: 1, fields: [], severity: null })),
      t0,
    );
    await tamper("update sightings set ip = 'nowhere' where ip = '203.0.113.2'");

    const claimed = await store.claimSightings(sampleClaim());

    expect(claimed.map((sighting) => sighting.ip).toSorted()).toEqual(["203.0.113.1", "203.0.113.3"]);
    expect(await store.counts(t0)).toMatchObject({ sightingsWaiting: 2, sightingsFailed: 1 });
    expect(await store.claimSightings(sampleClaim({ now: after(9999) }))).toHaveLength(2);
    expect(warnings).toMatchObject([{ table: "sightings", column: "ip", message }]);
  });

  test.each([
    { column: "prefix", value: "'nowhere'" },
    { column: "prefix", value: "'203.0.113.09/32'" },
    { column: "prefix", value: "'203.0.113.9/31'" },
    { column: "groups", value: "'edge'" },
    { column: "groups", value: "'[1]'" },
    { column: "created_at", value: "9000000000000000" },
  ])("a block with $column = $value is left out of what stands, and reported once", async (damage) => {
    const { column, value } = damage;
    const { store, warnings, tamper } = await openTampered(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1")));
    await store.recordDecision(recordOf(sampleDecision("de_2", { ip: ip("203.0.113.10") })));
    await tamper(`update blocks set ${column} = ${value} where decision_id = 'de_1'`);

    expect(await store.standingBlocks(t0)).toMatchObject([{ decisionId: "de_2" }]);
    expect(await store.standingBlocks(t0)).toHaveLength(1);
    expect(warnings).toMatchObject([{ table: "blocks", column, message }]);
  });

  test("a block is left out of what is requested, of lists, and of what is lifted", async () => {
    const { store, warnings, tamper } = await openTampered(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1")));
    await store.recordDecision(recordOf(sampleDecision("de_2", { ip: ip("203.0.113.10") })));
    await tamper("update blocks set prefix = 'nowhere' where decision_id = 'de_1'");

    const page = { standingOnly: false, limit: 9, cursor: null, now: t0 };
    expect(await store.requestedChanges("edge-1", { now: t0, limit: 10 })).toMatchObject([
      { prefix: "203.0.113.10/32" },
    ]);
    expect((await store.listBlocks(page)).blocks).toMatchObject([{ block: { decisionId: "de_2" } }]);
    const lift = { actor: "alice", reason: "wrong", now: t0, graceUntil: after(60) };
    expect(await store.liftBlocks(prefix("203.0.113.0/24"), lift)).toMatchObject([{ decisionId: "de_2" }]);
    expect(warnings).toMatchObject([{ table: "blocks", column: "prefix", message }]);
  });

  test("what is written otherwise than the store would is read all the same", async () => {
    const { store, warnings, tamper } = await openTampered(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1", { ip: ip("2001:db8::9") })));
    await tamper("update blocks set prefix = '2001:DB8:0::9/128'");

    expect(await store.standingBlocks(t0)).toMatchObject([{ prefix: "2001:db8::9/128" }]);
    expect(warnings).toEqual([]);
  });

  test("a firewall is left out", async () => {
    const { store, warnings, tamper } = await openTampered(engine);
    await store.recordFirewall(sampleFirewall("edge-1"));
    await store.recordFirewall(sampleFirewall("edge-2"));
    await tamper(`update firewalls set own_addresses = '["nowhere"]' where name = 'edge-1'`);

    expect(await store.firewalls()).toEqual([sampleFirewall("edge-2")]);
    expect(warnings).toEqual([{ table: "firewalls", id: "edge-1", column: "own_addresses", message }]);
  });

  test("a finding is left out, and a new one takes its place", async () => {
    const { store, warnings, tamper } = await openTampered(engine);
    const about = { status: "unknown" as const, ip: ip("203.0.113.9"), foundAt: t0, expiresAt: after(60) };
    const first: Finding & { status: "unknown" } = { ...about, provider: "abuseipdb", reason: "never seen" };
    const second: Finding & { status: "unknown" } = { ...first, provider: "virustotal" };
    await saveFinding(store, first);
    await saveFinding(store, second);
    await tamper("update findings set finding = '{}' where provider = 'abuseipdb'");

    expect(await findingsOf(store, about.ip)).toEqual([second]);
    expect(warnings).toEqual([
      { table: "findings", id: "abuseipdb 203.0.113.9", column: "finding", message },
    ]);
    await saveFinding(store, first);
    expect(await findingsOf(store, about.ip)).toEqual([first, second]);
  });

  describe("a sighting that failed", () => {
    test("is counted and not claimed again", async () => {
      const store = await newStore(engine);
      const id = await sight(store);

      await store.failSighting(id, "a bug\0");

      expect(await store.claimSightings(sampleClaim({ now: after(9999) }))).toEqual([]);
      expect(await store.counts(t0)).toMatchObject({ sightingsWaiting: 0, sightingsFailed: 1 });
    });

    test("counts no more when another one decides it after all", async () => {
      const store = await newStore(engine);
      const sightingId = await sight(store);
      await store.failSighting(sightingId, "a bug");

      await store.recordDecision(recordOf(sampleDecision("de_1"), { sightingId }));

      expect((await store.counts(t0)).sightingsFailed).toBe(0);
    });

    test("is not one that was postponed, or decided meanwhile", async () => {
      const store = await newStore(engine);
      const sightingId = await sight(store);

      await store.postponeSighting(sightingId, after(60), "quota exhausted");
      expect(await store.counts(t0)).toMatchObject({ sightingsWaiting: 1, sightingsFailed: 0 });

      await store.recordDecision(recordOf(sampleDecision("de_1"), { sightingId }));
      await store.failSighting(sightingId, "too late");
      expect(await store.counts(t0)).toMatchObject({ sightingsWaiting: 0, sightingsFailed: 0 });
    });
  });
});
