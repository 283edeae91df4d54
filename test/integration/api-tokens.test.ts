import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { after, t0 } from "../fakes/samples.ts";
import { outsideDeps, startApiServer } from "./api-server.ts";

/** One call per role that it needs, and does no harm. */
const needs = [
  ["viewer", "GET", "status", undefined],
  ["viewer", "GET", "blocks/export", undefined],
  ["viewer", "GET", "receipts/verify", undefined],
  ["operator", "POST", "blocks", {}],
  ["operator", "DELETE", "blocks/203.0.113.9", {}],
  ["operator", "POST", "approvals/de_1/approve", {}],
  ["operator", "POST", "approvals/de_1/deny", {}],
  ["operator", "POST", "allowlist", {}],
  ["operator", "DELETE", "allowlist/aw_1", {}],
  ["operator", "POST", "pause", {}],
  ["operator", "POST", "resume", {}],
  ["operator", "POST", "backtest", {}],
  ["administrator", "POST", "blocks/import", {}],
  ["administrator", "GET", "tokens", undefined],
  ["administrator", "POST", "tokens", {}],
  ["administrator", "DELETE", "tokens/abc", {}],
] as const;

describe("a token's role", () => {
  test("opens what it should and nothing more", async () => {
    const { call, token } = await startApiServer();
    const tokens = {
      viewer: await token("viewer"),
      operator: await token("operator"),
      administrator: await token("administrator"),
    };
    const roles = ["viewer", "operator", "administrator"] as const;

    for (const [needed, method, path, json] of needs) {
      for (const role of roles) {
        const { status, body } = await call(method, `/api/v1/${path}`, { json, token: tokens[role] });
        const isRefused = roles.indexOf(role) < roles.indexOf(needed);

        expect({ path, role, refused: status === 403 }).toEqual({ path, role, refused: isRefused });
        expect(body?.detail === `This needs the role ${needed}.`).toBe(isRefused);
      }
    }
  });

  test("goes on record with the name, and with the one that is given", async () => {
    const { call, token, store } = await startApiServer();
    const mine = await token("operator", "soc console");
    const pause = (json: object, given?: string) =>
      call("POST", "/api/v1/pause", { json, ...(given === undefined ? {} : { token: given }) });
    const actor = async () => (await store.controls()).paused?.actor;
    const again = () => store.resume({ actor: "test", reason: "", now: t0 });

    await pause({ reason: "x", actor: "alice" }, mine);
    expect(await actor()).toBe("soc console for alice");
    await again();
    await pause({ reason: "x" }, mine);
    expect(await actor()).toBe("soc console");
    await again();
    await pause({ reason: "x", actor: "alice" });
    expect(await actor()).toBe("administrator for alice");
    await again();
    await pause({ reason: "x" });
    expect(await actor()).toBe("administrator");
  });
});

describe("a token", () => {
  test("is made once with its secret, works, is noted, and is refused as soon as it is revoked", async () => {
    const { call, store, clock, logged } = await startApiServer();

    const made = await call("POST", "/api/v1/tokens", {
      json: { name: "console", role: "viewer", actor: "bob" },
    });
    const { token } = made.body;
    const secret = String(made.body.secret);
    const id: string = token.id;
    clock.now = after(5);
    const used = await call("GET", "/api/v1/status", { token: secret });
    const list = await call("GET", "/api/v1/tokens");

    expect(made.status).toBe(201);
    expect(secret).toMatch(/^pct_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(used.status).toBe(200);
    expect(list.body.tokens).toEqual([
      {
        id,
        name: "console",
        role: "viewer",
        createdAt: t0.toISOString(),
        createdBy: "administrator for bob",
        expiresAt: null,
        revokedAt: null,
        lastUsedAt: t0.toISOString(), // kept to the minute
      },
    ]);
    const kept = JSON.stringify([await store.tokens(), logged, list.text, await store.receiptsAfter(0, 100)]);
    expect(kept).not.toContain(secret.slice(-43));

    const revoked = await call("DELETE", `/api/v1/tokens/${id}`, { json: { reason: "left" } });
    expect(revoked.body.token).toMatchObject({ id, revokedAt: after(5).toISOString() });
    expect((await call("GET", "/api/v1/status", { token: secret })).status).toBe(401);
    expect((await call("DELETE", `/api/v1/tokens/${id}`)).status).toBe(404);
  });

  test("expires to the moment", async () => {
    const { call, clock } = await startApiServer();
    const { body } = await call("POST", "/api/v1/tokens", {
      json: { name: "x", role: "viewer", duration: "1h" },
    });

    clock.now = after(3599);
    expect((await call("GET", "/api/v1/status", { token: body.secret })).status).toBe(200);
    clock.now = after(3600);
    expect((await call("GET", "/api/v1/status", { token: body.secret })).status).toBe(401);
  });

  test("is refused when any part of it is another", async () => {
    const { call, token } = await startApiServer();
    const right = await token("viewer");
    const wrong = [
      `${right.slice(0, -1)}x`,
      right.replace("pct_0", "pct_1"),
      right.slice(4),
      `${right}x`,
      right.toUpperCase(),
      "",
      "pct__",
    ];

    for (const one of wrong) {
      expect([one, (await call("GET", "/api/v1/status", { token: one })).status]).toEqual([one, 401]);
    }
    expect((await call("GET", "/api/v1/status", { token: right })).status).toBe(200);
  });

  test("that is used often is noted once a minute, and still works when that can't be noted", async () => {
    const server = await startApiServer();
    const right = await server.token("viewer");
    const noted: Date[] = [];
    const noting = await startApiServer({
      store: {
        ...outsideDeps(server.store).store,
        tokenById: (id) => server.store.tokenById(id),
        openAlarms: () => server.store.openAlarms(),
        async noteTokenUse(id, now) {
          noted.push(now);
          await server.store.noteTokenUse(id, now);
          throw new AppError("STORE_UNAVAILABLE", "disk full", { retryable: true });
        },
      },
    });
    const use = async () => (await noting.call("GET", "/api/v1/alarms", { token: right })).status;

    expect([await use(), await use()]).toEqual([200, 200]);
    noting.clock.now = after(59);
    await use();
    noting.clock.now = after(60);
    await use();

    expect(noted).toEqual([t0, after(60)]);
  });

  test.each([
    [{ name: "x", role: "root" }, "role: "],
    [{ role: "viewer" }, "name: "],
    [{ name: "Policy", role: "viewer" }, "name: expected another name"],
    [{ name: "administrator", role: "viewer" }, "name: expected another name"],
    [{ name: "x", role: "viewer", actor: "settings" }, "actor: expected another name"],
    [{ name: "a\nb", role: "viewer" }, "name: "],
    [{ name: "x".repeat(61), role: "viewer" }, "name: "],
    [{ name: "x", role: "viewer", expires: "2020-01-01" }, "expires: is over already"],
    [{ name: "x", role: "viewer", expires: "2030-01-01", duration: "1h" }, "either"],
    [{ name: "x", role: "viewer", hash: "0" }, "and nothing else"],
  ])("%j makes none", async (json, detail) => {
    const { call, store } = await startApiServer();
    const answer = await call("POST", "/api/v1/tokens", { json });

    expect(answer.body).toMatchObject({ code: "PAYLOAD_INVALID", detail: expect.stringContaining(detail) });
    expect(await store.tokens()).toEqual([]);
  });
});

describe("who has no token", () => {
  test("learns nothing, and is slowed down after 60 tries; the right token still gets through", async () => {
    const { call } = await startApiServer();
    const statuses: number[] = [];
    for (let tries = 0; tries < 61; tries += 1) {
      statuses.push((await call("GET", "/api/v1/nothing", { token: `guess ${tries}` })).status);
    }

    expect(statuses.slice(0, 60).every((status) => status === 401)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
    expect((await call("GET", "/api/v1/status")).status).toBe(200);
  });

  test("is told how to get one, and nothing is cached", async () => {
    const { call } = await startApiServer();
    const refused = await call("GET", "/api/v1/blocks", { token: "x" });
    const right = await call("GET", "/api/v1/blocks");

    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    for (const way of ["ADMIN_TOKEN", "portcullis secrets", "portcullis token create", "PORTCULLIS_TOKEN"]) {
      expect(refused.body.detail).toContain(way);
    }
    expect(refused.type).toContain("application/problem+json");
    expect([refused, right].map(({ headers }) => headers.get("cache-control"))).toEqual([
      "no-store",
      "no-store",
    ]);
  });
});

test("a path that exists says what it takes; one that does not is not found", async () => {
  const { call } = await startApiServer();
  const wrong = await call("PUT", "/api/v1/blocks");

  expect(wrong.status).toBe(405);
  expect(wrong.headers.get("allow")).toBe("GET, POST, HEAD");
  expect((await call("GET", "/api/v1/nothing")).status).toBe(404);
});
