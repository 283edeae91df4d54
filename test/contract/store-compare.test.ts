import { expect, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { virustotal } from "../fakes/findings.ts";
import { describeStore, newStore, type StoreEngine } from "../fakes/store-engines.ts";

const never = new AbortController().signal;
const act = (reason: string) => ({ actor: "alice", reason, now: t0 });
const entry = (id: string, network: string) => ({
  id,
  prefix: prefix(network),
  reason: "our office",
  owner: "net",
  actor: "alice",
  createdAt: t0,
  expiresAt: after(3600),
});
const token = (id: string) => ({
  id,
  name: `console ${id}`,
  role: "viewer" as const,
  hash: "0".repeat(64),
  createdAt: t0,
  createdBy: "alice",
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
});

/** Some of everything that is compared. */
async function fill(store: Store): Promise<void> {
  for (const n of [1, 2]) {
    const findings = [virustotal(8)];
    await store.recordDecision(
      recordOf(sampleDecision(`de_${n}`, { ip: ip(`198.51.100.${n}`), findings, rule: "a\0b" })),
    );
  }
  await store.recordDecision(recordOf(sampleDecision("de_3", { action: "watch", expiresAt: null })));
  await store.addAllowEntry(entry("aw_1", "203.0.113.0/28"));
  await store.addAllowEntry(entry("aw_2", "203.0.113.0/28"));
  await store.removeAllowEntry("aw_2", act("over"));
  await store.createToken(token("0123456789ab"));
  await store.createToken(token("ba9876543210"));
  await store.revokeToken("ba9876543210", act("left"));
  await store.pause(act("a storm"));
}

async function compared(engine: StoreEngine, statement: string) {
  const databaseUrl = await engine.newDatabase();
  const store = await engine.open(databaseUrl);
  await fill(store);
  await engine.tamper(databaseUrl, statement);
  return store.compareReceipts(t0, never);
}

describeStore("tables compared with the receipts", (engine) => {
  test("agree when nobody has touched them", async () => {
    const store = await newStore(engine);
    expect(await store.compareReceipts(t0, never)).toMatchObject({ count: 0 });
    await fill(store);

    expect(await store.compareReceipts(t0, never)).toEqual({ rows: 10, disagreements: [], count: 0 });
    await store.resume(act("over"));
    expect(await store.compareReceipts(after(90_000), never)).toMatchObject({ count: 0 });
  });

  test.each([
    ["update decisions set actor = 'bob' where id = 'de_1'", "the decision de_1 is not what receipt 1 says"],
    ["update decisions set reasons = '[\"x\"]' where id = 'de_3'", "the decision de_3 is not what receipt"],
    ["update decisions set action = 'ignore' where id = 'de_3'", "the decision de_3 is not what receipt"],
    ["update decisions set findings = '[' where id = 'de_3'", "the decision de_3 is not what receipt"],
    ["update decisions set id = 'de_9' where id = 'de_3'", "the decision de_9 has no receipt"],
    ["delete from decisions where id = 'de_3'", "the decision de_3 is gone, but its receipt is there"],
    [
      "update blocks set expires_at = expires_at + 1 where prefix = '198.51.100.1/32'",
      " is not what receipt 2 ",
    ],
    [
      "update blocks set mode = 'observe' where prefix = '198.51.100.1/32'",
      " is not what receipt 2 says of it",
    ],
    [
      "update blocks set prefix = '198.51.100.9/32' where prefix = '198.51.100.1/32'",
      "198.51.100.9/32 has no receipt",
    ],
    ["delete from blocks where prefix = '198.51.100.1/32'", " is gone, but its receipt is there"],
    [
      "update allow_entries set prefix = '203.0.112.0/23' where id = 'aw_1'",
      "aw_1 on 203.0.112.0/23 is not what its",
    ],
    [
      "update allow_entries set expires_at = null where id = 'aw_1'",
      "aw_1 on 203.0.113.0/28 is not what its",
    ],
    ["update allow_entries set removed_at = 1 where id = 'aw_1'", "was removed without a receipt"],
    [
      "update allow_entries set removed_at = null where id = 'aw_2'",
      "was removed by its receipt, and stands",
    ],
    ["delete from allow_entries where id = 'aw_1'", "the allow-list's entry aw_1 is gone"],
    [
      "update tokens set role = 'administrator' where id = '0123456789ab'",
      "0123456789ab is not what its receipt",
    ],
    [
      "update tokens set revoked_at = null where id = 'ba9876543210'",
      "was revoked by its receipt, and is valid",
    ],
    ["delete from tokens where id = '0123456789ab'", "the token 0123456789ab is gone"],
    [
      "delete from controls where name = 'paused'",
      "new blocks are not paused, though the last receipt says so",
    ],
  ])("after %s they do not", async (statement, told) => {
    const { disagreements } = await compared(engine, statement);

    expect(disagreements.join("\n")).toContain(told);
  });

  test("tell of the first 20, and how many there are", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    for (let n = 0; n < 30; n += 1) {
      await store.recordDecision(
        recordOf(sampleDecision(`de_${n}`, { action: "watch", expiresAt: null, alertId: `al_${n}` })),
      );
    }
    await engine.tamper(databaseUrl, "update decisions set actor = 'bob'");

    const { disagreements, count } = await store.compareReceipts(t0, never);

    expect([disagreements.length, count]).toEqual([20, 30]);
  });
});
