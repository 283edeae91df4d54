import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { expect, test } from "vitest";
import { after, t0 } from "../fakes/samples.ts";
import { describeStore } from "../fakes/store-engines.ts";

/** Puts 100,000 standing blocks into a database, past the store. */
async function fill(databaseUrl: string): Promise<void> {
  const insert = (series: string): string => `
    insert into blocks (id, prefix, network, mode, decision_id, created_at, expires_at)
    select 'bl_' || n, '10.' || (n / 65536) || '.' || ((n / 256) % 256) || '.' || (n % 256) || '/32',
      '10.' || (n / 65536) || '.' || ((n / 256) % 256) || '.0/24', 'enforce', 'de_' || n,
      ${t0.getTime()}, ${after(3600).getTime()} + n / 2
    from ${series}`;
  if (databaseUrl.startsWith("sqlite:")) {
    const database = new DatabaseSync(databaseUrl.slice("sqlite:".length));
    database.exec(
      insert(
        "(with recursive s(n) as (select 0 union all select n + 1 from s where n < 99999) select n from s)",
      ),
    );
    database.close();
    return;
  }
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(insert("generate_series(0, 99999) as n"));
  await client.end();
}

describeStore("the store's 100,000 blocks", (engine) => {
  test("are read, requested and confirmed in seconds", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await fill(databaseUrl);

    const startedAt = performance.now();
    const blocks = await store.standingBlocks(t0);
    const readMs = performance.now() - startedAt;
    const ids = blocks.map(({ id }) => id);
    await store.requestEnforcements("edge-1", ids, t0);
    const pending = (await store.counts(t0)).enforcementsPending;
    await store.recordEnforcements(
      "edge-1",
      ids.map((id) => ({ blockId: id, state: "verified" as const, error: null })),
      t0,
    );

    expect(new Set(ids).size).toBe(100_000);
    expect(blocks[99_999]).toMatchObject({
      id: "bl_99999",
      prefix: "10.1.134.159/32",
      decisionId: "de_99999",
    });
    // Generous: other work may run on the machine.
    expect(readMs).toBeLessThan(3000);
    expect(pending).toBe(100_000);
    expect((await store.counts(t0)).enforcementsPending).toBe(0);
  });

  test("are in memory once, however many ask for them", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await fill(databaseUrl);
    const ask = (ms: number) => store.standingBlocks(new Date(ms));

    const first = await ask(t0.getTime());
    await engine.tamper(databaseUrl, "update blocks set prefix = '192.0.2.7/32' where id = 'bl_7'");
    await engine.tamper(databaseUrl, "update blocks set ended_at = 1 where id = 'bl_8'");
    const late = after(3600).getTime() + 5;
    const [second, third, fourth] = await Promise.all([ask(t0.getTime()), ask(late), ask(late - 2)]);

    const known = new Set(first);
    const fresh = second.filter((block) => !known.has(block));
    expect(fresh).toMatchObject([{ id: "bl_7", prefix: "192.0.2.7/32" }]);
    expect(second).toHaveLength(99_999);
    // Two end in each millisecond, from the first after an hour on.
    expect(third[0]).toMatchObject({ id: "bl_12" });
    expect(third).toHaveLength(99_988);
    expect(fourth).toHaveLength(99_991);
  });
});
