import { describe, expect, test } from "vitest";
import { ReceiptList } from "../../src/operate/api/people-shapes.ts";
import type { Receipt } from "../../src/domain/receipt.ts";
import { ip, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { type ApiServer, outsideDeps, startApiServer } from "./api-server.ts";

/** A server with a chain that is longer than a page. */
async function withReceipts(): Promise<ApiServer> {
  const server = await startApiServer();
  for (let host = 1; host <= 20; host += 1) {
    await server.store.recordDecision(
      recordOf(sampleDecision(`de_${host}`, { ip: ip(`198.51.100.${host}`) })),
    );
  }
  return server;
}

/** The same store, whose receipts somebody has edited. */
function edited({ store }: ApiServer, edit: (receipts: readonly Receipt[]) => readonly Receipt[]) {
  return startApiServer({
    store: {
      ...outsideDeps(store).store,
      receiptHead: () => store.receiptHead(),
      receiptsAfter: async (seq, limit) => {
        const { receipts } = await store.receiptsAfter(0, 1000);
        const page = edit(receipts)
          .filter((one) => one.seq > seq)
          .slice(0, limit);
        return { receipts: page, last: page.length < limit ? null : (page.at(-1)?.seq ?? null) };
      },
    },
  });
}

describe("receipts", () => {
  test("are told in order, page by page", async () => {
    const { call } = await withReceipts();
    const all: number[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const page = await call("GET", `/api/v1/receipts?after=${after}&limit=7`);
      const { receipts, next } = ReceiptList.parse(page.body);
      all.push(...receipts.map(({ seq }) => seq));
      after = next;
    }

    expect(all).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  test("are exported as lines that make the same chain", async () => {
    const { call, store } = await withReceipts();
    const { text, type } = await call("GET", "/api/v1/receipts/export?after=38");
    const receipts = text
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));

    expect(type).toContain("application/jsonl");
    expect(receipts).toEqual(JSON.parse(JSON.stringify((await store.receiptsAfter(38, 10)).receipts)));
  });

  test("are sound, and their head can be kept elsewhere", async () => {
    const { call, store } = await withReceipts();

    expect((await call("GET", "/api/v1/receipts/verify")).body).toEqual({
      ok: true,
      count: 40,
      head: await store.receiptHead(),
      fault: null,
      rows: 41,
      disagreements: [],
      disagreementCount: 0,
    });
  });

  test.each([
    [
      "changed",
      (all: readonly Receipt[]) => all.map((one) => (one.seq === 12 ? { ...one, actor: "nobody" } : one)),
      { seq: 12, problem: "was changed" },
      11,
    ],
    [
      "gone",
      (all: readonly Receipt[]) => all.filter(({ seq }) => seq !== 20),
      { seq: 20, problem: "is missing: the next one is 21" },
      19,
    ],
    ["cut off at the end", (all: readonly Receipt[]) => all.slice(0, 30), { seq: 31 }, 30],
    ["all gone", () => [], { seq: 1 }, 0],
  ])("of which one is %s are found out", async (_what, edit, fault, count) => {
    const { call } = await edited(await withReceipts(), edit);

    expect((await call("GET", "/api/v1/receipts/verify")).body).toMatchObject({ ok: false, count, fault });
  });

  test("tell of every change that a person makes, with who it was", async () => {
    const { call, store, token } = await startApiServer();
    const operator = await token("operator", "console");
    const as = { token: operator };
    await call("POST", "/api/v1/blocks", {
      ...as,
      json: { network: "198.51.100.7", duration: "1h", reason: "x" },
    });
    await call("DELETE", "/api/v1/blocks/198.51.100.7", as);
    await call("POST", "/api/v1/allowlist", { ...as, json: { network: "198.51.100.7", reason: "x" } });
    await call("POST", "/api/v1/pause", { ...as, json: { reason: "x" } });
    await call("POST", "/api/v1/resume", { ...as, json: {} });

    const done = (await store.receiptsAfter(0, 100)).receipts.filter(({ actor }) => actor === "console");
    expect(done.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["decision", "block", "lift", "allow", "pause", "resume"]),
    );
  });
});

describe("a back-test", () => {
  test("answers what changes; a policy with mistakes is refused with each of them", async () => {
    const asked: [string, Date][] = [];
    const { call, store } = await startApiServer();
    const { backtest } = outsideDeps(store);
    const noting = await startApiServer({
      backtest: (text, since, signal) => {
        asked.push([text, since]);
        return backtest(text, since, signal);
      },
    });

    const { body } = await noting.call("POST", "/api/v1/backtest", {
      json: { policy: "block: []", since: "7d" },
    });
    await noting.call("POST", "/api/v1/backtest", {
      json: { policy: "block: []", since: "2026-11-01", limit: 0 },
    });
    const wrong = await call("POST", "/api/v1/backtest", { json: { policy: "wrong" } });

    expect(body).toMatchObject({
      decisions: 3,
      counts: { "newly-blocked": 1 },
      addresses: [{ ip: "203.0.113.9" }],
    });
    expect(asked).toEqual([
      ["block: []", new Date(t0.getTime() - 7 * 86_400_000)],
      ["block: []", new Date("2026-11-01T00:00:00.000Z")],
    ]);
    expect(wrong.body).toMatchObject({
      code: "PAYLOAD_INVALID",
      faults: [{ problem: "policy:1:1: is wrong" }],
    });
  });

  test.each([
    { policy: 1 },
    { policy: "", since: "permanent" },
    { policy: "", since: "yesterday" },
    { policy: "", limit: -1 },
  ])("%j is refused", async (json) => {
    const { call } = await startApiServer();

    expect((await call("POST", "/api/v1/backtest", { json })).body).toMatchObject({
      code: "PAYLOAD_INVALID",
    });
  });
});

test("a cursor that is none of ours is the sender's mistake, in every list", async () => {
  const { call } = await startApiServer();

  for (const list of ["alerts", "decisions", "approvals", "blocks"]) {
    expect([list, (await call("GET", `/api/v1/${list}?cursor=evil`)).body]).toMatchObject([
      list,
      { status: 400, detail: "cursor: expected what `next` of the page before said." },
    ]);
  }
});
