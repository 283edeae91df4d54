import { describe, expect, test } from "vitest";
import { after, t0 } from "../fakes/samples.ts";
import { startApiServer } from "./api-server.ts";

const block = { network: "198.51.100.7", duration: "24h", reason: "seen in the log" };

describe("POST /api/v1/blocks", () => {
  test("blocks a network everywhere, tells its firewalls, and says who and why", async () => {
    const { call, store, token, woken, logged } = await startApiServer();

    const { status, body } = await call("POST", "/api/v1/blocks", {
      json: { ...block, network: "198.51.100.0/25" },
      token: await token("operator", "console"),
    });

    expect(status).toBe(201);
    expect(body).toMatchObject({
      block: {
        prefix: "198.51.100.0/25",
        mode: "enforce",
        groups: null,
        state: "standing",
        expiresAt: after(86_400).toISOString(),
        enforcements: [
          { firewall: "edge-1", state: "requested" },
          { firewall: "edge-2", state: "requested" },
        ],
      },
      decision: { action: "block", actor: "console", reasons: [expect.stringContaining("seen in the log")] },
    });
    expect(await store.standingBlocks(t0)).toHaveLength(1);
    expect(woken()).toBe(1);
    expect(logged).toContainEqual({
      fields: expect.objectContaining({ actor: "console", reason: "seen in the log" }),
      message: "blocked by hand",
    });
    const kinds = (await store.receiptsAfter(0, 100)).receipts.map(({ kind, actor }) => `${kind} ${actor}`);
    expect(kinds).toEqual(expect.arrayContaining(["decision console", "block console"]));
  });

  test("extends a block that ends earlier, and leaves one that lasts as long", async () => {
    const { call, store } = await startApiServer();
    const post = (json: object) => call("POST", "/api/v1/blocks", { json });

    await post({ ...block, duration: "1h" });
    const longer = await post({ ...block, duration: "permanent" });
    const shorter = await post({ ...block, duration: "1h" });

    expect(longer.status).toBe(200);
    expect(longer.body).toMatchObject({ block: { expiresAt: null }, decision: { action: "block" } });
    expect(shorter.status).toBe(200);
    expect(shorter.body).toMatchObject({ block: { expiresAt: null }, decision: { action: "ignore" } });
    expect(await store.standingBlocks(t0)).toHaveLength(1);
  });

  test("until a time, for a group of firewalls", async () => {
    const { call } = await startApiServer();
    const { network, reason } = block;
    const until = "2026-11-23T10:00:00+01:00";

    const { body } = await call("POST", "/api/v1/blocks", {
      json: { network, reason, until, groups: ["edge"] },
    });

    expect(body.block).toMatchObject({
      groups: ["edge"],
      expiresAt: "2026-11-23T09:00:00.000Z",
      enforcements: [{ firewall: "edge-1" }],
    });
  });

  test.each([
    [
      { network: "203.0.113.200" },
      409,
      "CONFLICT",
      "203.0.113.200/32 may not be blocked: 203.0.113.200/32 is one of ours.",
    ],
    [{ network: "203.0.113.0/24" }, 409, "CONFLICT", "one of ours"],
    [{ network: "::ffff:192.0.2.1" }, 409, "CONFLICT", "192.0.2.0/24 is one of ours"],
    [
      { network: "0.0.0.0/0" },
      400,
      "PAYLOAD_INVALID",
      "network: 0.0.0.0/0 is too wide: networks up to /24 (IPv4) and /48 (IPv6) can be blocked, so name smaller ones.",
    ],
    [{ network: "198.51.100.0/23", force: true }, 400, "PAYLOAD_INVALID", "is too wide: networks up to /24"],
    [{ network: "2a00:1:2::/47" }, 400, "PAYLOAD_INVALID", "is too wide: networks up to /24"],
    [{ wide: true }, 400, "PAYLOAD_INVALID", "and nothing else"],
    [{ network: "010.1.2.3" }, 400, "PAYLOAD_INVALID", "network: expected an IP address or a network"],
    [{ network: "198.51.100.7/24" }, 400, "PAYLOAD_INVALID", "network: "],
    [{ network: "evil.example" }, 400, "PAYLOAD_INVALID", "network: "],
    [{ reason: "" }, 400, "PAYLOAD_INVALID", "reason: "],
    [{ reason: "a\u202eb" }, 400, "PAYLOAD_INVALID", "reason: "],
    [{ reason: undefined }, 400, "PAYLOAD_INVALID", "reason: "],
    [{ duration: "1y" }, 400, "PAYLOAD_INVALID", "duration: "],
    [{ duration: undefined }, 400, "PAYLOAD_INVALID", "either duration or until"],
    [{ until: "2030-01-01" }, 400, "PAYLOAD_INVALID", "either duration or until"],
    [{ duration: undefined, until: "2020-01-01" }, 400, "PAYLOAD_INVALID", "until: is over already"],
    [{ duration: undefined, until: "2026-02-30" }, 400, "PAYLOAD_INVALID", "until: expected a time"],
    [{ groups: ["dmz"] }, 400, "PAYLOAD_INVALID", 'no firewall is in the group "dmz"'],
    [{ groups: [] }, 400, "PAYLOAD_INVALID", "groups: "],
    [{ actor: "policy" }, 400, "PAYLOAD_INVALID", "actor: expected another name"],
    [{ ttl: 1 }, 400, "PAYLOAD_INVALID", "and nothing else"],
  ])("with %j is refused, and nothing is blocked", async (changes, status, code, detail) => {
    const { call, store } = await startApiServer();
    const answer = await call("POST", "/api/v1/blocks", { json: { ...block, ...changes } });

    expect(answer.body).toMatchObject({ status, code, detail: expect.stringContaining(detail) });
    expect((await store.counts(t0)).decisions).toEqual({});
  });

  test.each(["198.51.100.0/24", "2a00:1:2::/48"])("an operator blocks up to %s", async (network) => {
    const { call, token } = await startApiServer();
    const json = { ...block, network };

    expect((await call("POST", "/api/v1/blocks", { json, token: await token("operator") })).status).toBe(201);
  });

  test("until a time is kept to the millisecond; the same once more is no extension", async () => {
    const { call, clock } = await startApiServer();
    const { network, reason } = block;
    const json = { network, reason, until: "2026-11-21T10:00:00.123Z" };
    clock.now = after(0.456);

    const first = await call("POST", "/api/v1/blocks", { json });
    clock.now = after(1.789);
    const again = await call("POST", "/api/v1/blocks", { json });

    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      block: { expiresAt: json.until },
      decision: { action: "block", expiresAt: json.until },
    });
    expect(again.body).toMatchObject({ block: first.body.block, decision: { action: "ignore" } });
  });

  test("while new blocks are paused is refused, unless an administrator forces it", async () => {
    const { call, token } = await startApiServer();
    const operator = await token("operator");
    await call("POST", "/api/v1/pause", { json: { reason: "a storm", actor: "alice" } });

    expect((await call("POST", "/api/v1/blocks", { json: block })).body).toMatchObject({
      code: "CONFLICT",
      detail: expect.stringMatching(
        /^New blocks are paused since 2026-11-21T09:00:00.000Z by administrator for alice: a storm\./,
      ),
    });
    const force = { ...block, force: true };
    expect((await call("POST", "/api/v1/blocks", { json: force, token: operator })).status).toBe(403);
    expect((await call("POST", "/api/v1/blocks", { json: force })).status).toBe(201);
  });

  test("in mode observe is on record and enforced nowhere", async () => {
    const { call, store } = await startApiServer({ mode: "observe" });

    const { body } = await call("POST", "/api/v1/blocks", { json: block });

    expect(body).toMatchObject({ block: { mode: "observe", enforcements: [] } });
    expect(await store.standingBlocks(t0)).toEqual([]);
  });
});

describe("the allow-list", () => {
  test("lifts what an entry covers at once, and is known before the answer", async () => {
    const changed: number[] = [];
    const { call, store, woken } = await startApiServer({
      onAllowlistChanged: () => {
        changed.push(1);
        return Promise.resolve();
      },
    });
    await call("POST", "/api/v1/blocks", { json: block });
    const before = woken();

    const { status, body } = await call("POST", "/api/v1/allowlist", {
      json: {
        network: "198.51.100.0/24",
        reason: "a partner",
        owner: "net team",
        expires: "2026-12-01",
        actor: "al",
      },
    });

    expect(status).toBe(201);
    expect(body).toMatchObject({
      entry: {
        prefix: "198.51.100.0/24",
        owner: "net team",
        actor: "administrator for al",
        expiresAt: "2026-12-02T00:00:00.000Z",
      },
      liftedCount: 1,
      lifted: [{ prefix: "198.51.100.7/32" }],
    });
    expect(await store.standingBlocks(t0)).toEqual([]);
    expect([changed.length, woken() - before]).toEqual([1, 1]);

    const removed = await call("DELETE", `/api/v1/allowlist/${String(body.entry.id)}`, {
      json: { reason: "over" },
    });
    expect(removed.body.entry).toMatchObject({ prefix: "198.51.100.0/24" });
    expect(changed).toHaveLength(2);
    expect((await store.allowEntries(t0)).length).toBe(0);
  });

  test.each([
    [{ duration: "30d" }, after(30 * 86_400).toISOString()],
    [{ duration: "permanent" }, null],
    [{ expires: "2026-12-01" }, "2026-12-02T00:00:00.000Z"],
    [{ expires: "2026-12-01T00:00:00Z" }, "2026-12-01T00:00:00.000Z"],
    [{}, null],
  ])("takes %j: counted by the receiver's clock", async (end, expiresAt) => {
    const { call } = await startApiServer();
    const json = { network: "198.51.100.0/24", reason: "a partner", ...end };

    const { status, body } = await call("POST", "/api/v1/allowlist", { json });

    expect(status).toBe(201);
    expect(body.entry).toMatchObject({ expiresAt });
  });

  test.each([
    [{ duration: "1h", expires: "2030-01-01" }, "Say either duration or expires."],
    [{ duration: "soon" }, "duration: expected a duration"],
    [{ expires: "2020-01-01" }, "expires: is over already."],
  ])("refuses %j", async (end, detail) => {
    const { call, store } = await startApiServer();
    const json = { network: "198.51.100.0/24", reason: "a partner", ...end };

    const { body } = await call("POST", "/api/v1/allowlist", { json });

    expect(body).toMatchObject({ code: "PAYLOAD_INVALID", detail: expect.stringContaining(detail) });
    expect(await store.allowEntries(t0)).toEqual([]);
  });

  test("shows those of the settings that still count, and says where one stands that can't be removed here", async () => {
    const { call } = await startApiServer();
    const list = await call("GET", "/api/v1/allowlist");
    const removed = await call("DELETE", `/api/v1/allowlist/${encodeURIComponent("file:allowlist[0]")}`);

    expect(list.body.allowlist).toMatchObject([
      { id: "file:allowlist[0]", removable: false, actor: "settings" },
    ]);
    expect(removed.body).toMatchObject({
      code: "CONFLICT",
      detail: "It stands in the settings file, at allowlist[0]: change it there and restart.",
    });
    expect((await call("DELETE", "/api/v1/allowlist/aw_none")).status).toBe(404);
  });
});
