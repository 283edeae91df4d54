import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { expect, test } from "vitest";
import { prefixOf } from "../../src/domain/ip-address.ts";
import { after, ip, prefix, t0 } from "../fakes/samples.ts";
import { describeStore, type StoreEngine } from "../fakes/store-engines.ts";

/** Generous: other work may run on the machine. What reads all rows takes many times as long. */
const promptMs = 400;

/** Puts 100,000 standing blocks, alerts and decisions into a database, past the store. */
async function fill(databaseUrl: string): Promise<void> {
  const isSqlite = databaseUrl.startsWith("sqlite:");
  const series = isSqlite
    ? "(with recursive s(n) as (select 0 union all select n + 1 from s where n < 99999) select n from s)"
    : "generate_series(0, 99999) as n";
  const now = t0.getTime();
  const address = "'10.' || (n / 65536) || '.' || ((n / 256) % 256) || '.' || (n % 256)";
  const network = "'10.' || (n / 65536) || '.' || ((n / 256) % 256) || '.0/24'";
  const statements = [
    `insert into blocks (id, prefix, network, mode, decision_id, created_at, expires_at)
    select 'bl_' || n, ${address} || '/32', ${network}, 'enforce', 'de_' || n, ${now}, ${after(3600).getTime()} + n / 2 from ${series}`,
    `insert into alerts (id, source, rows, received_at) select 'al_' || n, 'test', '[]', ${now} + n / 3 from ${series}`,
    `insert into sightings (id, alert_id, ip, count, fields, created_at, attempts)
    select 'si_' || n, 'al_' || n, ${address}, 1, '[]', ${now} + n, 0 from ${series}`,
    `insert into decisions (id, alert_id, ip, action, reasons, policy_version, mode, findings, inputs, actor, decided_at)
    select 'de_' || n, 'al_' || n, ${address}, 'watch', '[]', 'sha256:1', 'enforce', '[]',
      '{"searchName":null,"severity":"low","count":1,"activity":[],"offences":0,"missing":[]}', 'policy', ${now} + n / 3 from ${series}`,
  ];
  if (isSqlite) {
    const database = new DatabaseSync(databaseUrl.slice("sqlite:".length));
    for (const statement of statements) {
      database.exec(statement);
    }
    database.close();
    return;
  }
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  for (const statement of statements) {
    await client.query(statement);
  }
  await client.end();
}

async function openFilled(engine: StoreEngine) {
  const databaseUrl = await engine.newDatabase();
  const store = await engine.open(databaseUrl);
  await fill(databaseUrl);
  return store;
}

async function timed<Result>(work: () => Promise<Result>): Promise<readonly [Result, number]> {
  const startedAt = performance.now();
  const result = await work();
  return [result, performance.now() - startedAt];
}

describeStore("of 100,000 rows the store", (engine) => {
  test("lists pages, tells one address, and finds blocks on single addresses at once", async () => {
    const store = await openFilled(engine);
    const far = Buffer.from(`${t0.getTime() + 15_000} x`).toString("base64url");
    const page = { limit: 50, cursor: far };
    const network = prefixOf(ip("10.1.2.3"));

    const [alerts, alertsMs] = await timed(() => store.listAlerts(page));
    const [decisions, decisionsMs] = await timed(() => store.listDecisions(page));
    const [past, pastMs] = await timed(() => store.pastDecisions({ ...page, since: t0 }));
    const [report, reportMs] = await timed(() => store.addressReport(ip("10.1.2.3"), t0));
    const [lifted, liftMs] = await timed(() => store.liftProtected([{ prefix: network, why: "ours" }], t0));

    const id = "de_66051";
    expect(alerts.items).toHaveLength(50);
    expect(decisions.items).toHaveLength(50);
    expect(past.items).toHaveLength(50);
    expect(report).toMatchObject({ decisions: [{ id }], sightings: [{ decision: { id } }] });
    expect(lifted).toMatchObject([{ prefix: network }]);
    expect(Math.max(alertsMs, decisionsMs, pastMs, reportMs, liftMs)).toBeLessThan(promptMs);
  });

  test("finds that none of its blocks is protected, and lets others work meanwhile", async () => {
    const store = await openFilled(engine);
    const networks = Array.from({ length: 100 }, (_, n) => ({
      prefix: prefix(n % 2 === 0 ? `172.${n}.0.0/16` : `2001:db8:${n}::/48`),
      why: `range ${n}`,
    }));
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 1);

    const [lifted, ms] = await timed(() => store.liftProtected(networks, t0));
    clearInterval(counting);

    expect(lifted).toEqual([]);
    expect(turns).toBeGreaterThan(2);
    expect(ms).toBeLessThan(3000);
    expect((await store.receiptsAfter(0, 9)).receipts).toEqual([]);
  });

  test("lifts all that a wide entry of the allow-list holds", async () => {
    const store = await openFilled(engine);
    const entry = { id: "aw_1", prefix: prefix("10.1.0.0/16"), reason: "ours", owner: "", actor: "alice" };

    const [lifted, ms] = await timed(() => store.addAllowEntry({ ...entry, createdAt: t0, expiresAt: null }));

    expect(lifted).toHaveLength(100_000 - 65_536);
    expect((await store.counts(t0)).blocksStanding).toBe(65_536);
    expect(ms).toBeLessThan(10_000);
  });
});
