import { describe, expect, test } from "vitest";
import { startApiServer } from "./api-server.ts";
import { sampleAlert } from "../fakes/samples.ts";

const results = [{ src_ip: "203.0.113.9", users: ["root", "admin"] }, { src_ip: "203.0.113.10" }];
const alert = { source: "log", sid: "analyze_1", searchName: "analyze sshd", results };
const path = "/api/v1/alerts";

describe("an alert by the API", () => {
  test("is committed, with its rows as they were sent, and the same delivery is a duplicate", async () => {
    const { call, store } = await startApiServer();

    const first = await call("POST", path, { json: alert });
    const again = await call("POST", path, { json: alert });

    expect(first).toMatchObject({ status: 202, body: { status: "accepted", addresses: 2 } });
    expect(again).toMatchObject({ status: 202, body: { status: "duplicate", alertId: first.body.alertId } });
    expect((await store.alert(String(first.body.alertId)))?.alert).toMatchObject({
      source: "log",
      sid: "analyze_1",
      searchName: "analyze sshd",
      rows: [
        [
          ["src_ip", ["203.0.113.9"]],
          ["users", ["root", "admin"]],
        ],
        [["src_ip", ["203.0.113.10"]]],
      ],
    });
  });

  test("without a sid is a new one each time", async () => {
    const { call } = await startApiServer();
    const { sid: _sid, ...nameless } = alert;

    const ids = [
      await call("POST", path, { json: nameless }),
      await call("POST", path, { json: nameless }),
    ].map(({ body }) => String(body.alertId));

    expect(new Set(ids).size).toBe(2);
  });

  test.each([
    ["another source", { ...alert, source: "splunk-webhook" }, /source: expected log, pull or replay/],
    ["no row", { ...alert, results: [] }, /results: expected at least one row/],
    ["a row that is no object", { ...alert, results: ["x"] }, /results\.0/],
    ["a value that is no text", { ...alert, results: [{ src_ip: 7 }] }, /results\.0\.src_ip/],
    ["a key that nobody knows", { ...alert, result: {} }, /This takes source, sid/],
    ["no name", { ...alert, searchName: null }, /searchName/],
  ])("with %s is refused with a sentence, and nothing is stored", async (_what, json, words) => {
    const { call, store } = await startApiServer();

    const refused = await call("POST", path, { json });

    expect(refused).toMatchObject({ status: 400, body: { code: "PAYLOAD_INVALID" } });
    expect(refused.body.detail).toMatch(words);
    expect((await store.listAlerts({ limit: 10, cursor: null })).items).toEqual([]);
  });

  test("needs the role operator, and at most 5 MiB", async () => {
    const { call, token } = await startApiServer();
    const viewer = await token("viewer");
    const operator = await token("operator");
    const large = { ...alert, results: [{ src_ip: "x".repeat(5 * 1024 * 1024) }] };

    expect((await call("POST", path, { json: alert, token: viewer })).body.code).toBe("FORBIDDEN");
    expect((await call("POST", path, { json: alert, token: operator })).status).toBe(202);
    expect((await call("POST", path, { json: large })).body.code).toBe("BODY_TOO_LARGE");
    expect((await call("POST", `${path}/al_1/redrive`, { token: viewer })).body.code).toBe("FORBIDDEN");
  });
});

test("redrive wakes the pipeline once the alert is due", async () => {
  let woken = 0;
  const { call, store } = await startApiServer({ wakePipeline: () => (woken += 1) });
  await store.insertAlerts([sampleAlert("al_1")]);
  await store.failAlert("al_1", "a bug");

  const redriven = await call("POST", `${path}/al_1/redrive`);
  const missing = await call("POST", `${path}/al_2/redrive`);

  expect(redriven).toMatchObject({ status: 202, body: { alertId: "al_1", wasFailed: true, decided: 0 } });
  expect(missing.body.code).toBe("NOT_FOUND");
  expect(woken).toBe(1);
});

test("deliveries that could not be read are shown to operators: what they hold nobody has looked through", async () => {
  const { call, token, store } = await startApiServer();
  await store.keepUnreadable({
    receivedAt: new Date(),
    remoteAddress: "192.0.2.1",
    reason: "The body is not JSON.",
    body: Buffer.from('{"session_key": "secret'),
  });
  const viewer = await token("viewer");
  const operator = await token("operator");

  const refused = await call("GET", `${path}/unreadable`, { token: viewer });
  const listed = await call("GET", `${path}/unreadable`, { token: operator });

  expect(refused.body.code).toBe("FORBIDDEN");
  expect(listed.body.deliveries).toHaveLength(1);
});
