import { describe, expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { startApi } from "./api-desk.ts";

const attacker = "203.0.113.45";
const others = ["203.0.113.46", "203.0.113.47"];
const problem = (status: number, code: string, detail: unknown = expect.any(String)): object => ({
  status,
  body: expect.objectContaining({ status, code, detail }),
});
const isTime: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

describe("GET /api/v1/blocks", () => {
  test("lists blocks with how far they are on each firewall, newest first, page by page", async () => {
    const { call, block, firewall } = await startApi();
    await block(attacker, ...others);
    await eventually(
      "all verified",
      async () => JSON.stringify((await call("GET", "blocks")).body).split('"verified"').length === 4,
    );

    const all = await call("GET", "blocks");
    const first = await call("GET", "blocks?limit=2&standing=true");
    const cursor = first.body.next ?? "";
    const second = await call("GET", `blocks?limit=2&standing=true&cursor=${cursor}`);

    const prefixes = ({ body }: typeof all) => body.blocks?.map(({ prefix }) => prefix) ?? [];
    expect(prefixes(all)).toEqual([...others.toReversed(), attacker].map((address) => `${address}/32`));
    expect([...prefixes(first), ...prefixes(second)]).toEqual(prefixes(all));
    expect(second.body).toMatchObject({ next: null });
    expect(all.body).toMatchObject({
      next: null,
      blocks: expect.arrayContaining([
        {
          id: expect.any(String),
          prefix: `${attacker}/32`,
          mode: "enforce",
          groups: null,
          decisionId: expect.stringMatching(/^de_/),
          createdAt: isTime,
          expiresAt: isTime,
          state: "standing",
          endedAt: null,
          lifted: null,
          enforcements: [
            {
              blockId: expect.any(String),
              firewall: firewall.name,
              state: "verified",
              requestedAt: isTime,
              appliedAt: isTime,
              verifiedAt: isTime,
              endedAt: null,
              packets: 0,
              bytes: 0,
              error: null,
            },
          ],
        },
      ]),
    });
  });

  test.each([
    ["limit=0", "limit: expected a whole number from 1 to 500."],
    ["limit=501", "limit: expected a whole number from 1 to 500."],
    ["limit=1e2", "limit: expected a whole number from 1 to 500."],
    ["limit=", "limit: expected a whole number from 1 to 500."],
    ["standing=yes", "standing: expected true or false."],
    ["lifting=1", "lifting: expected true or false."],
    ["cursor=", "cursor: expected what `next` of the page before said."],
    ["cursor=nonsense", "cursor: expected what `next` of the page before said."],
    [`cursor=${"x".repeat(201)}`, "cursor: expected what `next` of the page before said."],
    ["secret=1", "This takes limit, cursor, standing and lifting, and nothing else."],
    ["limit=1&limit=2", "A parameter stands there twice."],
    ["limit=0&standing=1", "limit: expected a whole number from 1 to 500; standing: expected true or false."],
  ])("?%s is refused, saying what is wrong", async (query, detail) => {
    const { call } = await startApi({ mode: "observe" });

    expect(await call("GET", `blocks?${query}`)).toMatchObject(problem(400, "PAYLOAD_INVALID", detail));
  });
});

describe("GET /api/v1/blocks/{ip}", () => {
  test("tells every block that covers it, and who lifted it, when and why", async () => {
    const { call, block } = await startApi();
    await block(attacker, ...others);
    await call("DELETE", `blocks/${attacker}`, JSON.stringify({ reason: "a customer", actor: "alice" }));

    await eventually("the lift", async () =>
      JSON.stringify((await call("GET", `blocks/${attacker}`)).body).includes(
        '"state":"lifted","requestedAt"',
      ),
    );
    const { body } = await call("GET", `blocks/${attacker}/32`);

    expect(body).toMatchObject({
      prefix: `${attacker}/32`,
      blocks: [
        {
          state: "lifted",
          endedAt: isTime,
          lifted: {
            actor: "administrator for alice",
            reason: "a customer",
            liftedAt: isTime,
            graceUntil: isTime,
          },
          enforcements: [{ state: "lifted", endedAt: isTime }],
        },
      ],
    });
    expect((await call("GET", "blocks")).body.blocks).toHaveLength(3);
    expect((await call("GET", "blocks?standing=true")).body.blocks).toHaveLength(2);
    expect(await call("GET", "blocks/198.51.100.1")).toEqual({
      status: 200,
      body: { prefix: "198.51.100.1/32", blocks: [], graces: [], protected: null },
    });
  });

  test.each(["blocks/010.1.2.3", "blocks/evil.example", "blocks/203.0.113.5/24", "blocks/203.0.113.5?all=1"])(
    "%s is refused",
    async (path) => {
      const { call } = await startApi({ mode: "observe" });

      expect(await call("GET", path)).toMatchObject(problem(400, "PAYLOAD_INVALID"));
    },
  );
});

describe("DELETE /api/v1/blocks/{ip}", () => {
  test("lifts everything that covers it or lies in it, and says until when alerts can't block it again", async () => {
    const { call, block, firewall } = await startApi();
    await block(attacker, ...others);
    const asked = Date.now();

    const { status, body } = await call("DELETE", "blocks/203.0.113.0/24?reason=mistake&grace=3600");
    await eventually("the lift", () => firewall.entries.size === 0);

    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        prefix: "203.0.113.0/24",
        decisionId: expect.stringMatching(/^de_/),
        graceUntil: isTime,
        liftedCount: 3,
        lifted: [...others.toReversed(), attacker].map((address) => ({ prefix: `${address}/32` })),
      },
    });
    expect(Math.abs(new Date(body.graceUntil ?? "").getTime() - asked - 3_600_000)).toBeLessThan(5000);
    expect((await call("GET", `blocks/${attacker}`)).body).toMatchObject({
      blocks: [{ lifted: { actor: "administrator", reason: "mistake" } }],
    });
  });

  test("without a period of grace the next alert blocks it again", async () => {
    const { call, block, firewall } = await startApi();
    await block(attacker);

    await call("DELETE", `blocks/${attacker}`, '{"grace":0}');
    await eventually("the lift", () => firewall.entries.size === 0);
    await block(attacker);

    expect(firewall.entries.size).toBe(1);
  });

  test("a grace is shown to those it covers, and grace 0 ends it though nothing stands any more", async () => {
    const { call, block } = await startApi();
    await block(attacker);
    await call("DELETE", "blocks/203.0.113.0/24", '{"actor":"alice","reason":"ours"}');
    const graces = async () => (await call("GET", `blocks/${others[0] ?? ""}`)).body.graces;

    expect(await graces()).toEqual([
      {
        prefix: "203.0.113.0/24",
        until: isTime,
        actor: "administrator for alice",
        reason: "ours",
        liftedAt: isTime,
      },
    ]);
    expect(await call("DELETE", `blocks/${attacker}`)).toMatchObject(problem(404, "NOT_FOUND"));
    expect(await call("DELETE", `blocks/${attacker}?grace=0`)).toMatchObject({
      status: 200,
      body: { decisionId: null, liftedCount: 0, lifted: [], endedGraces: [{ prefix: "203.0.113.0/24" }] },
    });
    expect(await graces()).toEqual([]);
    expect(await call("DELETE", `blocks/${attacker}?grace=0`)).toMatchObject(problem(404, "NOT_FOUND"));
    await block(attacker);
  });

  test.each(["0.0.0.0/0", "128.0.0.0/1", "203.0.112.0/23", "::/0", "2000::/3", "2001:db8::/47"])(
    "of %s is refused: it would switch blocking off",
    async (network) => {
      const { call, block, firewall } = await startApi();
      await block(attacker);

      expect(await call("DELETE", `blocks/${network}`)).toMatchObject(
        problem(
          400,
          "PAYLOAD_INVALID",
          `${network} is too wide: networks up to /24 (IPv4) and /48 (IPv6) can be unblocked, so name smaller ones.`,
        ),
      );
      expect(firewall.entries.size).toBe(1);
      expect((await call("GET", `blocks/${attacker}`)).body.graces).toEqual([]);
    },
  );

  test.each([
    ['{"grace":-1}', "PAYLOAD_INVALID", "grace: expected whole seconds from 0 to 31536000."],
    ['{"grace":31536001}', "PAYLOAD_INVALID", "grace: expected whole seconds from 0 to 31536000."],
    ['{"grace":1.5}', "PAYLOAD_INVALID", "grace: expected whole seconds from 0 to 31536000."],
    ['{"grace":true}', "PAYLOAD_INVALID", "grace: expected whole seconds from 0 to 31536000."],
    [
      '{"reason":"a\\u001b[31mb"}',
      "PAYLOAD_INVALID",
      "reason: expected 1 to 200 characters, none of them a control character.",
    ],
    [
      '{"reason":"a\\nb"}',
      "PAYLOAD_INVALID",
      "reason: expected 1 to 200 characters, none of them a control character.",
    ],
    [
      `{"actor":"${"x".repeat(201)}"}`,
      "PAYLOAD_INVALID",
      "actor: expected 1 to 200 characters, none of them a control character.",
    ],
    [
      '{"actor":" "}',
      "PAYLOAD_INVALID",
      "actor: expected 1 to 200 characters, none of them a control character.",
    ],
    ['{"who":"secret"}', "PAYLOAD_INVALID", "This takes reason, actor and grace, and nothing else."],
    ["[]", "PAYLOAD_INVALID", "body: This takes reason, actor and grace, and nothing else."],
    ["{", "BODY_UNREADABLE", "The body is not JSON."],
  ])("with %.40s is refused, and nothing is lifted", async (body, code, detail) => {
    const { call, block, firewall } = await startApi();
    await block(attacker);

    expect(await call("DELETE", `blocks/${attacker}`, body)).toMatchObject(problem(400, code, detail));
    expect((await call("GET", "blocks?standing=true")).body).toMatchObject({ blocks: [{}] });
    expect(firewall.entries.size).toBe(1);
  });

  test("where nothing stands, with twice the same, with too much or compressed: each has its answer", async () => {
    const { call, block, app, adminToken } = await startApi();
    await block(attacker);

    expect(await call("DELETE", "blocks/198.51.100.1")).toMatchObject(
      problem(404, "NOT_FOUND", "No block stands on 198.51.100.1/32.") ?? {},
    );
    expect(await call("DELETE", `blocks/${attacker}?grace=1`, '{"grace":2}')).toMatchObject(
      problem(400, "PAYLOAD_INVALID", "In the query and in the body: grace.") ?? {},
    );
    expect(await call("DELETE", `blocks/${attacker}`, " ".repeat(20_000))).toMatchObject(
      problem(413, "BODY_TOO_LARGE") ?? {},
    );
    const zipped = await fetch(`${app.url()}/api/v1/blocks/${attacker}`, {
      method: "DELETE",
      body: "x",
      headers: { Authorization: `Bearer ${adminToken}`, "Content-Encoding": "gzip" },
    });
    expect(zipped.status).toBe(400);
    expect(await zipped.json()).toMatchObject({ code: "BODY_UNREADABLE" });
  });
});
