import { describe, expect, test } from "vitest";
import { chainStart, type Receipt, verifyChain, verifyHead } from "../../src/domain/receipt.ts";
import type { Store } from "../../src/ports.ts";
import { virustotal } from "../fakes/findings.ts";
import { after, ip, prefix, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore, type StoreEngine } from "../fakes/store-engines.ts";

const all = async (store: Store) => (await store.receiptsAfter(0, 10_000)).receipts;

async function faultOf(store: Store) {
  const receipts = await all(store);
  return verifyChain(receipts) ?? verifyHead(receipts.at(-1) ?? chainStart, await store.receiptHead());
}

const ignored = (n: number, changes: Parameters<typeof sampleDecision>[1] = {}) =>
  recordOf(sampleDecision(`de_${n}`, { action: "ignore", expiresAt: null, ...changes }));

const bodyOf = (receipt: Receipt | undefined): unknown => JSON.parse(receipt?.body ?? "null");

/** A database with five receipts, opened a second time after a person's tool has worked on it. */
async function tampered(engine: StoreEngine, statement: string): Promise<Store> {
  const databaseUrl = await engine.newDatabase();
  const store = await engine.open(databaseUrl);
  for (const n of [1, 2, 3, 4, 5]) {
    await store.recordDecision(ignored(n));
  }
  expect(await faultOf(store)).toBeNull();
  await engine.tamper(databaseUrl, statement);
  return store;
}

describeStore("the store's receipts", (engine) => {
  describe("tell", () => {
    test("each decision with what it was made of", async () => {
      const store = await newStore(engine);
      const decision = sampleDecision("de_1", {
        action: "watch",
        expiresAt: null,
        findings: [virustotal(8)],
        shadow: { action: "block", reasons: [], rule: null, policyVersion: "sha256:0" },
      });
      await store.recordDecision(recordOf(decision));

      const receipts = await all(store);
      expect(receipts).toMatchObject([
        { seq: 1, at: t0, kind: "decision", subject: "de_1", actor: "policy", previous: chainStart.hash },
      ]);
      const body = bodyOf(receipts[0]);
      expect(body).toMatchObject({
        action: "watch",
        rule: "virustotal.malicious >= 2",
        inputs: { count: 7 },
        findings: [{ provider: "virustotal", status: "known", numbers: { malicious: 8 }, hints: [] }],
      });
      expect(body).not.toHaveProperty("shadow");
    });

    test("a block, its lifting, and the hold that it ended", async () => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1", { action: "hold" })));
      await store.recordDecision(recordOf(sampleDecision("de_2", { decidedAt: after(1) })));
      const [block] = await store.standingBlocks(after(1));
      await store.liftBlocks(prefix("203.0.113.0/24"), {
        actor: "alice",
        reason: "a customer",
        now: after(2),
        graceUntil: after(60),
      });

      const receipts = await all(store);
      expect(receipts.map(({ kind, subject, actor }) => [kind, subject, actor])).toEqual([
        ["decision", "de_1", "policy"],
        ["decision", "de_2", "policy"],
        ["block", "203.0.113.9/32", "policy"],
        ["hold-ended", "de_1", "policy"],
        ["lift", "203.0.113.0/24", "alice"],
      ]);
      expect(bodyOf(receipts[2])).toMatchObject({ id: block?.id, decisionId: "de_2", mode: "enforce" });
      expect(bodyOf(receipts[3])).toMatchObject({ outcome: "superseded", by: "de_2" });
      expect(bodyOf(receipts[4])).toMatchObject({ reason: "a customer", count: 1, blocks: [block?.id] });
      expect(await faultOf(store)).toBeNull();
    });

    test("a decision as it was recorded, not as it was wished", async () => {
      const store = await newStore(engine);
      await store.recordDecision(recordOf(sampleDecision("de_1")));
      await store.recordDecision(recordOf(sampleDecision("de_2")));

      expect(bodyOf((await all(store)).at(-1))).toMatchObject({ action: "ignore" });
    });

    test("a policy when it decides for the first time", async () => {
      const store = await newStore(engine);
      const policy = { version: "sha256:1", role: "live", policy: "{}", firstUsedAt: t0 };

      await store.notePolicy(policy);
      await store.notePolicy({ ...policy, firstUsedAt: after(9) });
      await store.notePolicy({ ...policy, role: "shadow", firstUsedAt: after(9) });

      expect(await store.policies()).toEqual([{ ...policy, role: "shadow", firstUsedAt: after(9) }, policy]);
      expect((await all(store)).map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
        "policy sha256:1",
        "policy sha256:1",
      ]);
    });

    test("hostile names as the database keeps them", async () => {
      const store = await newStore(engine);
      const actor = `a\0b"'\ud800`;
      await store.recordDecision(ignored(1, { actor, reasons: ["\0\ud800"] }));

      expect(await all(store)).toMatchObject([{ actor: `a\u{FFFD}b"'\u{FFFD}` }]);
      expect(await faultOf(store)).toBeNull();
    });
  });

  test("a repeated decision gets no second receipt", async () => {
    const store = await newStore(engine);
    await store.recordDecision(recordOf(sampleDecision("de_1")));
    await store.recordDecision(recordOf(sampleDecision("de_1")));

    expect(await all(store)).toHaveLength(2);
  });

  test("come in pages", async () => {
    const store = await newStore(engine);
    await Promise.all([1, 2, 3].map((n) => store.recordDecision(ignored(n))));

    expect((await store.receiptsAfter(0, 2)).receipts.map(({ seq }) => seq)).toEqual([1, 2]);
    expect((await store.receiptsAfter(2, 2)).receipts.map(({ seq }) => seq)).toEqual([3]);
    expect(await store.receiptsAfter(3, 2)).toEqual({ receipts: [], last: null });
    expect(await store.receiptHead()).toMatchObject({ seq: 3 });
  });

  test("are one chain, whoever adds to it at the same time", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const actOf = (n: number) => ({ actor: "alice", reason: `${n}`, now: after(n) });

    await Promise.all(
      Array.from({ length: 120 }, async (_, n) => {
        const store = n % 2 === 0 ? a : b;
        const decision = { ip: ip(`198.51.100.${n % 40}`) };
        if (n % 7 === 0) {
          await store.resume(actOf(n));
        } else if (n % 5 === 0) {
          await store.liftBlocks(prefix("198.51.100.0/24"), { ...actOf(n), graceUntil: after(n) });
        } else if (n % 3 === 0) {
          await store.recordDecision(recordOf(sampleDecision(`de_${n}`, decision)));
        } else {
          await store.recordDecision(ignored(n, decision));
        }
      }),
    );

    expect((await all(a)).length).toBeGreaterThan(100);
    expect(await faultOf(a)).toBeNull();
  });

  test("of what failed there is none, and the next goes on without a gap", async () => {
    const store = await newStore(engine);
    await store.recordDecision(ignored(1));
    await expect(store.recordDecision(recordOf(sampleDecision("de_2", { expiresAt: null })))).rejects.toThrow(
      "de_2 is a block without an end",
    );
    await store.recordDecision(ignored(3));

    expect((await all(store)).map(({ subject }) => subject)).toEqual(["de_1", "de_3"]);
    expect(await faultOf(store)).toBeNull();
  });

  test.each<{ what: string; statement: string; seq: number }>([
    { what: "a changed body", statement: `update receipts set body = '{}' where seq = 2`, seq: 2 },
    { what: "a changed time", statement: `update receipts set at = at + 1 where seq = 2`, seq: 2 },
    { what: "a kind that there is not", statement: `update receipts set kind = 'x' where seq = 2`, seq: 2 },
    { what: "a receipt that is gone", statement: `delete from receipts where seq = 2`, seq: 2 },
    {
      what: "a gap that was closed",
      statement: `delete from receipts where seq = 2; update receipts set seq = seq - 1 where seq > 2`,
      seq: 2,
    },
    {
      what: "two that changed places",
      statement: `update receipts set seq = 9 where seq = 2; update receipts set seq = 2 where seq = 3;
        update receipts set seq = 3 where seq = 9`,
      seq: 2,
    },
    {
      what: "one that was added",
      statement: `insert into receipts select 6, at, kind, 'de_6', actor, body, hash, hash from receipts where seq = 5`,
      seq: 6,
    },
    { what: "an end that was cut off", statement: `delete from receipts where seq > 3`, seq: 4 },
    { what: "nothing left", statement: `delete from receipts`, seq: 1 },
    { what: "a note that is gone", statement: `delete from controls where name = 'receipt-head'`, seq: 5 },
  ])("shows $what", async ({ statement, seq }) => {
    const store = await tampered(engine, statement);

    expect(await faultOf(store)).toMatchObject({ seq });
  });

  test("an end that was cut off stays visible when others have followed", async () => {
    const store = await tampered(engine, `delete from receipts where seq > 3`);

    await store.recordDecision(ignored(6));

    expect(await faultOf(store)).toEqual({ seq: 4, what: "is missing: the next one is 6" });
  });

  test.each([
    { what: "the note", statement: `delete from controls where name = 'receipt-head'` },
    { what: "an illegible note", statement: `update controls set value = 'x' where name = 'receipt-head'` },
    {
      what: "a note that was set back",
      statement: `update controls set value = '{"seq":2,"hash":"x"}' where name = 'receipt-head'`,
    },
  ])("go on without $what: an edit stops no decision", async ({ statement }) => {
    const store = await tampered(engine, statement);

    await store.recordDecision(ignored(6));

    expect((await all(store)).at(-1)).toMatchObject({ seq: 7, subject: "de_6" });
  });

  test.each([
    { what: "the note is gone", statement: `delete from controls where name = 'receipt-head'` },
    {
      what: "the note is illegible",
      statement: `update controls set value = 'x' where name = 'receipt-head'`,
    },
    {
      what: "the note is of another receipt",
      statement: `update controls set value = '{"seq":5,"hash":"x"}' where name = 'receipt-head'`,
    },
    {
      what: "both were cut off at the same place, but for the hash",
      statement: `delete from receipts where seq > 2; update controls set value = '{"seq":2,"hash":"x"}' where name = 'receipt-head'`,
    },
  ])("say for ever that the record was changed: $what", async ({ statement }) => {
    const databaseUrl = await engine.newDatabase();
    const errors: object[] = [];
    const log = { warn: () => undefined, error: (fields: object) => errors.push(fields) };
    const store = await engine.open(databaseUrl, log);
    for (const n of [1, 2, 3, 4, 5]) {
      await store.recordDecision(ignored(n));
    }
    await engine.tamper(databaseUrl, statement);

    await store.recordDecision(ignored(6));
    await store.recordDecision(ignored(7));

    expect(await faultOf(store)).not.toBeNull();
    const breaks = (await all(store)).filter(({ kind }) => kind === "break");
    expect(breaks).toMatchObject([{ subject: "receipts", actor: "portcullis" }]);
    expect(bodyOf(breaks[0])).toHaveProperty("found.seq");
    expect(await store.openAlarms()).toMatchObject([{ key: "receipts" }]);
    expect(errors).toHaveLength(1);
  });

  test("that can't be read do not end a page", async () => {
    const store = await tampered(engine, `update receipts set kind = 'x' where seq in (1, 2, 4)`);

    expect(await store.receiptsAfter(0, 2)).toEqual({ receipts: [], last: 2 });
    expect(await store.receiptsAfter(2, 2)).toMatchObject({ receipts: [{ seq: 3 }], last: 4 });
    expect(await store.receiptsAfter(4, 2)).toMatchObject({ receipts: [{ seq: 5 }], last: null });
  });
});
