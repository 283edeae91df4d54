import { describe, expect, test } from "vitest";
import { after, prefix, t0 } from "../fakes/samples.ts";
import { hold } from "./api-seed.ts";
import { startApiServer } from "./api-server.ts";

describe("an approval", () => {
  test("makes a block for as long as is said, once", async () => {
    const { call, store } = await startApiServer();
    await hold(store, "de_1", "203.0.113.10");

    const yes = await call("POST", "/api/v1/approvals/de_1/approve", {
      json: { reason: "I know it", duration: "2h", actor: "alice" },
    });
    const again = await call("POST", "/api/v1/approvals/de_1/approve", { json: {} });
    const shown = await call("GET", "/api/v1/approvals/de_1");

    expect(yes.status).toBe(200);
    expect(yes.body).toMatchObject({
      decision: { action: "block", actor: "administrator for alice" },
      block: { prefix: "203.0.113.10/32", expiresAt: after(7200).toISOString() },
    });
    expect(again.body).toMatchObject({
      code: "CONFLICT",
      detail: "It does not wait any more: it is approved.",
    });
    expect(shown.body).toMatchObject({
      state: "approved",
      actor: "administrator for alice",
      protected: null,
    });
    expect((await call("GET", "/api/v1/approvals")).body.approvals).toEqual([]);
    expect((await call("GET", "/api/v1/approvals?all=true")).body.approvals).toHaveLength(1);
    expect((await call("GET", "/api/v1/approvals/de_none")).status).toBe(404);
    expect((await call("POST", "/api/v1/approvals/de_none/approve", { json: {} })).status).toBe(404);
  });

  test("of a protected address is refused, and one that lapsed too", async () => {
    const { call, store, clock } = await startApiServer();
    await hold(store, "de_ours", "203.0.113.200");
    await hold(store, "de_late", "203.0.113.11");

    expect((await call("POST", "/api/v1/approvals/de_ours/approve", { json: {} })).body).toMatchObject({
      code: "CONFLICT",
      detail: expect.stringContaining("one of ours"),
    });
    clock.now = after(3601);
    expect((await call("POST", "/api/v1/approvals/de_late/approve", { json: {} })).status).toBe(409);
    expect((await call("POST", "/api/v1/approvals/de_late/deny", { json: {} })).status).toBe(409);
    expect(await store.standingBlocks(t0)).toEqual([]);
  });

  test("that is denied blocks nothing, and may allow the address for a while or always", async () => {
    const { call, store } = await startApiServer();
    await hold(store, "de_1", "203.0.113.10");
    await hold(store, "de_2", "203.0.113.11");

    const forNow = await call("POST", "/api/v1/approvals/de_1/deny", {
      json: { reason: "ours", allowFor: "24h" },
    });
    const always = await call("POST", "/api/v1/approvals/de_2/deny", { json: { allowFor: "always" } });

    expect(forNow.body).toMatchObject({
      state: "denied",
      allowed: { prefix: "203.0.113.10/32", reason: "ours", expiresAt: after(86_400).toISOString() },
    });
    expect(always.body.allowed).toMatchObject({ expiresAt: null });
    expect((await store.allowEntries(t0)).map(({ prefix }) => prefix).toSorted()).toEqual([
      prefix("203.0.113.10/32"),
      prefix("203.0.113.11/32"),
    ]);
    expect((await call("POST", "/api/v1/approvals/de_1/deny", { json: {} })).status).toBe(409);
  });
});

describe("pause and resume", () => {
  test("resume releases what waited only for it, but not what is protected or waits for another reason", async () => {
    const { call, store, token } = await startApiServer();
    await call("POST", "/api/v1/pause", { json: { reason: "a storm" } });
    await hold(store, "de_rule", "203.0.113.9");
    await hold(store, "de_ours", "203.0.113.200", { holdCause: "limit" });
    for (let host = 1; host <= 150; host += 1) {
      await hold(store, `de_${host}`, `198.51.100.${host}`, {
        holdCause: host % 2 === 0 ? "limit" : "paused",
      });
    }

    const { body } = await call("POST", "/api/v1/resume", {
      json: { reason: "over" },
      token: await token("operator", "console"),
    });

    expect(body).toEqual({
      controls: { paused: null, limited: null },
      released: 150,
      protectedNow: 1,
      crawlers: 0,
      unchanged: 0,
    });
    expect(await store.standingBlocks(t0)).toHaveLength(150);
    expect((await call("GET", "/api/v1/approvals/de_7")).body).toMatchObject({
      state: "released",
      actor: "console",
    });
    expect((await call("GET", "/api/v1/approvals/de_rule")).body).toMatchObject({ state: "waiting" });
  });

  test("resume may leave all that waits to people", async () => {
    const { call, store } = await startApiServer();
    await hold(store, "de_1", "203.0.113.9", { holdCause: "limit" });

    const { body } = await call("POST", "/api/v1/resume", { json: { release: false } });

    expect(body).toMatchObject({ released: 0 });
    expect((await call("GET", "/api/v1/approvals")).body.approvals).toHaveLength(1);
  });
});
