import { describe, expect, test } from "vitest";
import type { Budget, PrefixListRecord, Store } from "../../src/ports.ts";
import { after, prefix, t0 } from "../fakes/samples.ts";
import { describeStore, newStore, type StoreEngine } from "../fakes/store-engines.ts";

const newBudget: Budget = {
  windows: [
    {
      name: "minute",
      limit: 4,
      used: 2,
      counted: "sliding",
      startedAt: t0,
      resetsAt: null,
      recent: [after(-5), after(-0.001)],
    },
    {
      name: "day",
      limit: 500,
      used: 2,
      counted: "calendar",
      startedAt: t0,
      resetsAt: after(54_000),
      recent: [],
    },
  ],
  notBefore: after(60),
  trouble: { kind: "quota", reason: "VirusTotal says: <none> left\0" },
  failures: 0,
  totals: { asked: 0, known: 0, unknown: 0, failed: 0 },
};

/** Counts one failure. */
function fail(store: Store, key: string): Promise<number> {
  return store.updateBudget(key, (budget) => {
    const before = budget ?? newBudget;
    return { budget: { ...before, failures: before.failures + 1 }, result: before.failures };
  });
}

async function openTampered(engine: StoreEngine) {
  const databaseUrl = await engine.newDatabase();
  const warnings: object[] = [];
  const store = await engine.open(databaseUrl, { warn: (fields) => warnings.push(fields) });
  return { store, warnings, tamper: (statement: string) => engine.tamper(databaseUrl, statement) };
}

describeStore("the store's budgets and lists", (engine) => {
  describe("a budget", () => {
    test("is none at first, and comes back as it was made, also after a restart", async () => {
      const databaseUrl = await engine.newDatabase();
      const store = await engine.open(databaseUrl);
      const bare = { ...newBudget, notBefore: null, trouble: null, windows: [] };

      const seen = await store.updateBudget("b check 01", (budget) => ({
        budget: newBudget,
        result: budget,
      }));
      await store.updateBudget("a check 02", () => ({ budget: bare, result: null }));
      await store.close();

      const again = await engine.open(databaseUrl);
      expect(seen).toBeNull();
      expect(await again.budgets()).toEqual(
        new Map([
          ["a check 02", bare],
          ["b check 01", newBudget],
        ]),
      );
      expect(await again.updateBudget("b check 01", (budget) => ({ budget: bare, result: budget }))).toEqual(
        newBudget,
      );
    });

    test("forgets at the start whom a dead process was asking about, where nobody else can be asking", async () => {
      const databaseUrl = await engine.newDatabase();
      const store = await engine.open(databaseUrl);
      const asking = { ...newBudget, underWay: [{ ip: "203.0.113.9", until: after(20) }] };
      await store.updateBudget("a check 01", () => ({ budget: asking, result: null }));
      await store.close();

      const again = await engine.open(databaseUrl);

      const kept = engine.name === "SQLite" ? newBudget : asking;
      expect(await again.budgets()).toEqual(new Map([["a check 01", kept]]));
    });

    test("is changed by one at a time, by whichever replica", async () => {
      const [a, b] = await engine.openTwo(await engine.newDatabase());
      const keys = ["virustotal check 01", "abuseipdb check 02"];

      const results = await Promise.all(
        Array.from({ length: 200 }, (_, n) => fail(n % 2 === 0 ? a : b, keys[(n + (n >> 1)) % 2] ?? "")),
      );

      expect([...(await a.budgets()).values()].map(({ failures }) => failures)).toEqual([100, 100]);
      const inOrder = Array.from({ length: 100 }, (_, n) => [n, n]).flat();
      expect(results.toSorted((x, y) => x - y)).toEqual(inOrder);
    });

    test("stays as it was when the change fails, and others are changed all the same", async () => {
      const store = await newStore(engine);
      await fail(store, "a");

      const outcomes = await Promise.allSettled([
        fail(store, "a"),
        store.updateBudget("a", () => {
          throw new Error("a bug");
        }),
        store.updateBudget("b", () => {
          throw new Error("a bug");
        }),
        fail(store, "a"),
      ]);

      expect(outcomes.map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "rejected",
        "fulfilled",
      ]);
      expect(outcomes[1]).toMatchObject({ reason: { message: "a bug" } });
      expect(await store.budgets()).toEqual(new Map([["a", { ...newBudget, failures: 3 }]]));
    });

    test("that can't be read is reported, and begun anew", async () => {
      const { store, warnings, tamper } = await openTampered(engine);
      await fail(store, "a");
      await tamper(`update budgets set budget = '{"windows":7}'`);

      expect(await store.budgets()).toEqual(new Map());
      expect(await fail(store, "a")).toBe(0);
      expect(warnings).toEqual([{ table: "budgets", id: "a", column: "budget" }]);
      expect(await store.budgets()).toEqual(new Map([["a", { ...newBudget, failures: 1 }]]));
    });
  });

  describe("a list of networks", () => {
    const list: PrefixListRecord = {
      name: "spamhaus-drop-v4",
      etag: `"5f-6"`,
      version: "2026-11-21T08:00:00Z",
      networks: [
        { prefix: prefix("203.0.113.0/24"), note: "SBL000001 ; two  words " },
        { prefix: prefix("2001:db8::/32"), note: "" },
      ],
      fetchedAt: t0,
      checkedAt: t0,
    };

    test("comes back as it was, replaces the one of its name, and is confirmed", async () => {
      const store = await newStore(engine);
      const other = { ...list, name: "abuseipdb-blacklist", etag: null, networks: [], checkedAt: after(5) };
      await store.savePrefixList({ ...other, networks: list.networks, version: "older" });
      await store.savePrefixList(list);

      await store.savePrefixList(other);
      await store.confirmPrefixList(list.name, after(60));
      await store.confirmPrefixList("nobody's", after(60));

      expect(await store.prefixLists()).toEqual([other, { ...list, checkedAt: after(60) }]);
    });

    test("holds 10,000 networks, whatever their notes say", async () => {
      const store = await newStore(engine);
      const networks = Array.from({ length: 10_000 }, (_, n) => ({
        prefix: prefix(`198.18.${n >> 8}.${n & 255}/32`),
        note: `a\nb\r\n${n} 0.0.0.0/0`,
      }));

      await store.savePrefixList({ ...list, version: "a\0b", networks });

      const [kept] = await store.prefixLists();
      expect(kept?.version).toBe("a\u{FFFD}b");
      expect(kept?.networks).toEqual(networks.map((one, n) => ({ ...one, note: `a b ${n} 0.0.0.0/0` })));
    });

    test("that can't be read is reported and left out", async () => {
      const { store, warnings, tamper } = await openTampered(engine);
      await store.savePrefixList(list);
      await store.savePrefixList({ ...list, name: "spamhaus-drop-v6" });
      await tamper("update prefix_lists set networks = '203.0.113.9/24 x' where name = 'spamhaus-drop-v4'");

      expect(await store.prefixLists()).toMatchObject([{ name: "spamhaus-drop-v6" }]);
      expect(warnings).toEqual([{ table: "prefix_lists", id: "spamhaus-drop-v4", column: "networks" }]);
    });
  });
});
