import { describe, expect, test } from "vitest";
import type { ApiDeps } from "../../src/operate/api/deps.ts";
import type { Store } from "../../src/ports.ts";
import { t0 } from "../fakes/samples.ts";
import { hold, importCsv } from "./api-seed.ts";
import { outsideDeps, startApiServer } from "./api-server.ts";

const crawler = "198.51.100.66";
const block = { network: crawler, reason: "seen in the log", duration: "1h" };

/** One address is a crawler's. Notes how many are asked about at the same time. */
function withCrawler() {
  const seen = { most: 0, now: 0, asked: 0 };
  const confirmCrawler: ApiDeps["confirmCrawler"] = async (ip) => {
    seen.now += 1;
    seen.asked += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise(setImmediate);
    seen.now -= 1;
    return ip === crawler ? `${ip} is Googlebot: its name crawl.googlebot.com leads back to it` : null;
  };
  return { seen, confirmCrawler };
}

describe("a crawler", () => {
  test("is blocked by hand only by an administrator who says so", async () => {
    const { confirmCrawler } = withCrawler();
    const { call, token, store } = await startApiServer({ confirmCrawler });
    const operator = await token("operator");
    const force = { ...block, force: true };
    const post = (json: object, as?: string) =>
      call("POST", "/api/v1/blocks", { json, ...(as !== undefined && { token: as }) });

    for (const refused of [await post(block), await post(block, operator), await post(force, operator)]) {
      expect(refused.body).toMatchObject({ code: "CONFLICT", detail: expect.stringContaining("Googlebot") });
    }
    expect(await store.standingBlocks(t0)).toEqual([]);
    expect((await post(force)).status).toBe(201);
    expect((await post({ ...block, network: "198.51.100.64/27" })).status).toBe(201);
  });

  test("is a faulty line of an import, unless it is forced; few are asked about at a time", async () => {
    const { seen, confirmCrawler } = withCrawler();
    const server = await startApiServer({ confirmCrawler });
    const lines = Array.from({ length: 100 }, (_, n) => `198.51.100.${n + 1},x,1h`);
    const text = ["network,reason,duration", ...lines, "198.51.101.0/24,x,1h"].join("\n");

    const refused = await importCsv(server, text);
    const partial = await importCsv(server, text, "?partial=true");
    const forced = await importCsv(server, text, "?force=true");

    expect(refused.body).toMatchObject({
      faults: [{ line: 67, problem: expect.stringMatching(/^network: .*Googlebot/) }],
    });
    expect(partial.body).toMatchObject({ blocked: 100, faultCount: 1 });
    expect(forced.body).toMatchObject({ blocked: 1, faultCount: 0 });
    expect(seen).toMatchObject({ asked: 200, most: 8 });
  });

  test("is not approved, and not released by resume, which says so", async () => {
    const { confirmCrawler } = withCrawler();
    const { call, store } = await startApiServer({ confirmCrawler });
    await hold(store, "de_1", crawler, { holdCause: "limit" });
    await hold(store, "de_2", "198.51.100.67", { holdCause: "limit" });

    const approved = await call("POST", "/api/v1/approvals/de_1/approve", { json: {} });
    const resumed = await call("POST", "/api/v1/resume", { json: {} });

    expect(approved.body).toMatchObject({ code: "CONFLICT", detail: expect.stringContaining("Googlebot") });
    expect(resumed.body).toMatchObject({ released: 1, crawlers: 1, protectedNow: 0 });
    expect((await store.standingBlocks(t0)).map(({ prefix }) => prefix)).toEqual(["198.51.100.67/32"]);
    const forced = await call("POST", "/api/v1/approvals/de_1/approve", { json: { force: true } });
    expect(forced.status).toBe(200);
  });
});

describe("what becomes protected while it is worked on", () => {
  /** Protected from the moment at which the store is asked for this. */
  async function protectedOnce(of: "blocksOn" | "recordByHand") {
    let isProtected = false;
    const inner = await startApiServer();
    const noting: Pick<Store, "blocksOn" | "recordByHand"> = {
      blocksOn: (...args) => {
        isProtected ||= of === "blocksOn";
        return inner.store.blocksOn(...args);
      },
      recordByHand: async (...args) => {
        const decisions = await inner.store.recordByHand(...args);
        isProtected ||= of === "recordByHand";
        return decisions;
      },
    };
    const { store } = outsideDeps(inner.store);
    const server = await startApiServer({
      // Its methods are its own properties.
      store: { ...store, ...noting },
      protectedReason: () => (isProtected ? "the gateway of edge-1" : null),
    });
    return { server, store: inner.store };
  }

  test("is not blocked by hand", async () => {
    const { server, store } = await protectedOnce("blocksOn");

    expect((await server.call("POST", "/api/v1/blocks", { json: block })).body).toMatchObject({
      code: "CONFLICT",
      detail: `${crawler}/32 may not be blocked: the gateway of edge-1.`,
    });
    expect(await store.standingBlocks(t0)).toEqual([]);
  });

  test("is left out of the rest of an import", async () => {
    const { server } = await protectedOnce("recordByHand");
    const lines = Array.from({ length: 2001 }, (_, n) => `10.${n >> 8}.${n & 255}.1,x,1h`);

    const { body } = await importCsv(server, ["network,reason,duration", ...lines].join("\n"));

    expect(body).toMatchObject({
      blocked: 2000,
      unchanged: [{ line: 2002, problem: "may not be blocked: the gateway of edge-1" }],
    });
  });
});

describe("a wide network", () => {
  test.each([
    ["198.0.0.0/15", 409, /^198\.0\.0\.0\/15 is wider than \/16 .* would lift 0 standing blocks\./],
    ["198.0.0.0/7", 409, /^198\.0\.0\.0\/7 is wider .* would lift 1 standing blocks\./],
    ["2001:c00::/31", 409, /^2001:c00::\/31 is wider/],
    ["0.0.0.0/0", 400, /holds every address/],
    ["::/0", 400, /holds every address/],
  ])("%s is not allowed just so", async (network, status, detail) => {
    const { call, store } = await startApiServer();
    await call("POST", "/api/v1/blocks", { json: { ...block, network: "199.51.100.66" } });

    const answer = await call("POST", "/api/v1/allowlist", { json: { network, reason: "x" } });

    expect(answer).toMatchObject({ status, body: { detail: expect.stringMatching(detail) } });
    expect(await store.allowEntries(t0)).toEqual([]);
  });

  test("is allowed by an administrator who says so, and by nobody else", async () => {
    const { call, token } = await startApiServer();
    await call("POST", "/api/v1/blocks", { json: block });
    const json = { network: "198.0.0.0/7", reason: "x", wide: true };
    const ask = (as?: string) =>
      call("POST", "/api/v1/allowlist", { json, ...(as !== undefined && { token: as }) });

    expect((await ask(await token("operator"))).status).toBe(403);
    expect(await ask()).toMatchObject({ status: 201, body: { liftedCount: 1 } });
    const all = { ...json, network: "0.0.0.0/0" };
    expect((await call("POST", "/api/v1/allowlist", { json: all })).status).toBe(400);
  });

  test("up to /16 needs nobody's leave", async () => {
    const { call, token } = await startApiServer();
    const json = { network: "198.51.0.0/16", reason: "x" };

    expect((await call("POST", "/api/v1/allowlist", { json, token: await token("operator") })).status).toBe(
      201,
    );
  });
});

describe("names of tokens", () => {
  test("are not given twice, until the first is revoked", async () => {
    const { call } = await startApiServer();
    const make = (name: string) => call("POST", "/api/v1/tokens", { json: { name, role: "viewer" } });

    const first = await make("Console");
    expect(first.status).toBe(201);
    expect((await make("console")).body).toMatchObject({ code: "CONFLICT" });
    await call("DELETE", `/api/v1/tokens/${String(first.body.token.id)}`);
    expect((await make("console")).status).toBe(201);
  });

  test.each(["administrator", "Administrator for alice"])("%s is nobody's", async (name) => {
    const { call } = await startApiServer();

    expect((await call("POST", "/api/v1/tokens", { json: { name, role: "viewer" } })).status).toBe(400);
  });
});

test("the database is not asked for token after token that somebody guesses, and nobody is locked out", async () => {
  let asked = 0;
  const { store, token } = await startApiServer();
  const mine = await token("viewer");
  const counting = await startApiServer({
    store: {
      ...outsideDeps(store).store,
      tokenById: (id) => {
        asked += 1;
        return store.tokenById(id);
      },
    },
  });
  const ask = (as?: string) =>
    counting.call("GET", "/api/v1/controls", as === undefined ? {} : { token: as });
  expect((await ask(mine)).status).toBe(200);

  const answers: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    answers.push((await ask(`pct_${n.toString(16).padStart(12, "0")}_${"x".repeat(43)}`)).status);
  }

  expect(answers.filter((status) => status === 401)).toHaveLength(60);
  expect(answers.at(-1)).toBe(429);
  expect(asked).toBeLessThanOrEqual(62);
  expect((await ask(mine)).status).toBe(200);
  expect((await ask()).status).toBe(200);
});

describe("an import", () => {
  test("of more than 100,000 lines is refused before it is read", async () => {
    const server = await startApiServer();
    const text = `network,reason,duration\n${"1.1.1.1,x,1h\n".repeat(100_001)}`;

    expect((await importCsv(server, text)).body).toMatchObject({
      status: 400,
      detail: "The body has 100,001 lines: at most 100,000 can be imported at once, so split it.",
    });
  });

  test("stops reading after as many faults as are told, and cuts each", async () => {
    const server = await startApiServer();
    const groups = Array.from({ length: 100 }, (_, n) => `nowhere-${n}`).join(";");
    const text = `network,reason,duration,groups\n${`198.51.100.1,x,1h,${groups}\n`.repeat(3000)}`;

    const { body } = await importCsv(server, text);
    const partial = await importCsv(server, text, "?partial=true");

    expect(body).toMatchObject({
      detail: "1000 lines and perhaps more can't be imported, so none was. Mend them, or say partial=true.",
      faultCount: 1000,
    });
    expect(body.faults[0].problem).toHaveLength(200);
    expect(partial.body).toMatchObject({ faultCount: 3000, blocked: 0 });
  });
});

test("receipts verify tells what the database says otherwise", async () => {
  const { store } = await startApiServer();
  const { call } = await startApiServer({
    store: {
      ...outsideDeps(store).store,
      compareReceipts: () =>
        Promise.resolve({ rows: 9, disagreements: ["the decision de_1 has no receipt"], count: 30 }),
    },
  });

  expect((await call("GET", "/api/v1/receipts/verify")).body).toMatchObject({
    ok: false,
    fault: null,
    rows: 9,
    disagreements: ["the decision de_1 has no receipt"],
    disagreementCount: 30,
  });
});
