import { expect, test } from "vitest";
import type { TokenRecord } from "../../src/ports.ts";
import { after, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

function sampleToken(id: string, changes: Partial<TokenRecord> = {}): TokenRecord {
  return {
    id,
    name: "grafana",
    role: "viewer",
    hash: "0123456789abcdef".repeat(4),
    createdAt: t0,
    createdBy: "administrator",
    expiresAt: after(3600),
    revokedAt: null,
    lastUsedAt: null,
    ...changes,
  };
}

const act = { actor: "alice", reason: "it leaked", now: after(100) };

describeStore("the store's tokens", (engine) => {
  test("they come back as they were made, oldest first", async () => {
    const store = await newStore(engine);
    const second = sampleToken("b", { role: "administrator", createdAt: after(1), expiresAt: null });
    const first = sampleToken("c");
    await store.createToken(second);
    await store.createToken(first);

    expect(await store.tokens()).toEqual([first, second]);
    expect(await store.tokenById("b")).toEqual(second);
    expect(await store.tokenById("x")).toBeUndefined();
  });

  test("one is revoked once, and stays on record", async () => {
    const store = await newStore(engine);
    await store.createToken(sampleToken("a"));

    expect(await store.revokeToken("a", act)).toBe(true);
    expect(await store.revokeToken("a", { ...act, now: after(200) })).toBe(false);
    expect(await store.revokeToken("x", act)).toBe(false);

    expect(await store.tokenById("a")).toEqual(sampleToken("a", { revokedAt: after(100) }));
  });

  test("an id is given once", async () => {
    const store = await newStore(engine);
    await store.createToken(sampleToken("a"));

    await expect(store.createToken(sampleToken("a", { role: "administrator" }))).rejects.toThrow(
      /constraint/i,
    );

    expect(await store.tokens()).toEqual([sampleToken("a")]);
    expect((await store.receiptsAfter(0, 9)).receipts).toHaveLength(1);
  });

  test("the last use is kept to the minute and never goes back", async () => {
    const store = await newStore(engine);
    await store.createToken(sampleToken("a"));
    const used: (Date | null | undefined)[] = [];
    for (const seconds of [59, 61, 125, 30]) {
      await store.noteTokenUse("a", after(seconds));
      used.push((await store.tokenById("a"))?.lastUsedAt);
    }

    expect(used).toEqual([after(0), after(60), after(120), after(120)]);
  });

  test("making and revoking one is on the chain, without anything of its secret", async () => {
    const store = await newStore(engine);
    await store.createToken(sampleToken("a"));
    await store.revokeToken("a", act);

    const { receipts } = await store.receiptsAfter(0, 9);
    expect(receipts).toMatchObject([
      { kind: "token", subject: "a", actor: "administrator", at: t0 },
      { kind: "token", subject: "a", actor: "alice", at: after(100) },
    ]);
    expect(receipts.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { done: "created", name: "grafana", role: "viewer", expiresAt: after(3600).toISOString() },
      { done: "revoked", name: "grafana", role: "viewer", reason: "it leaked" },
    ]);
    expect(JSON.stringify(receipts)).not.toContain(sampleToken("a").hash);
  });

  test.each([
    ["role", "'root'"],
    ["hash", "'0'"],
  ])("one whose %s was damaged opens nothing", async (column, value) => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await store.createToken(sampleToken("a"));
    await store.createToken(sampleToken("b"));
    await engine.tamper(databaseUrl, `update tokens set ${column} = ${value} where id = 'a'`);

    expect(await store.tokenById("a")).toBeUndefined();
    expect(await store.tokens()).toMatchObject([{ id: "b" }]);
  });
});
