import { asyncProperty, assert, constantFrom, json, oneof, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { gather, manyRows, patient, splunkDesk } from "./splunk-desk.ts";

const sid = "scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_1760000400_1234";
const results = /\/results\?/;

describe("the rows of a run", () => {
  test("come in Splunk's order, with lists, empty texts and what is missing", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({
      sid,
      searchName: "SSH brute force",
      rows: [
        { _time: "1760000399.125", src_ip: "203.0.113.45", user: ["root", "admin"], dest: "", host: null },
        { src_ip: "203.0.113.46\n203.0.113.47", ["__proto__"]: "x", __mv_user: "$root$;$admin$" },
        {},
      ],
    });

    const rows = await gather(api.results(sid, patient));

    expect(rows).toEqual([
      [
        ["_time", ["2025-10-09T08:59:59.125+00:00"]],
        ["src_ip", ["203.0.113.45"]],
        ["user", ["root", "admin"]],
        ["dest", [""]],
        ["host", []],
      ],
      [
        ["src_ip", ["203.0.113.46\n203.0.113.47"]],
        ["__proto__", ["x"]],
      ],
    ]);
    expect(splunk.requests[0]).toMatchObject({
      method: "GET",
      authorization: "Bearer splunk.stand-in.token",
    });
  });

  test.each([0, 1, 99, 100, 4999, 5000, 5001, 12_345])("all %i of them", async (count) => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: null, rows: manyRows(count) });

    const rows = await gather(api.results(sid, patient));

    expect(rows).toHaveLength(count);
    expect(rows[count - 1]?.[1]).toEqual(count === 0 ? undefined : ["count", [String(count - 1)]]);
  });

  test("all of them where Splunk is set to give fewer than was asked for", async () => {
    const { splunk, api } = await splunkDesk({ maxResultRows: 700 });
    splunk.addJob({ sid, searchName: null, rows: manyRows(2100) });

    expect(await gather(api.results(sid, patient))).toHaveLength(2100);
  });

  test("in smaller pages when a page is too large, down to one row that is too large itself", async () => {
    const { splunk, api } = await splunkDesk({ api: { maxBytes: 20_000 } });
    const large = manyRows(40).map((row) => ({ ...row, _raw: "x".repeat(4000) }));
    splunk.addJob({ sid, searchName: null, rows: large });
    splunk.addJob({ sid: "1.1", searchName: null, rows: [{ _raw: "x".repeat(30_000) }] });

    expect(await gather(api.results(sid, patient))).toHaveLength(40);
    await expect(gather(api.results("1.1", patient))).rejects.toMatchObject({
      code: "SPLUNK_ANSWER_INVALID",
      retryable: false,
    });
  });

  test("in an old version from the old place, which is then remembered", async () => {
    const { splunk, api } = await splunkDesk({ version: "old" });
    splunk.addJob({ sid, searchName: null, rows: manyRows(3) });

    expect(await gather(api.results(sid, patient))).toHaveLength(3);
    expect(await gather(api.results(sid, patient))).toHaveLength(3);
    await expect(gather(api.results("1.1", patient))).rejects.toMatchObject({ code: "SPLUNK_UNKNOWN_SID" });

    const folders = splunk.requests.map(({ url }) => (url.includes("/v2/") ? "new" : "old"));
    expect(folders).toEqual(["new", "old", "old", "old"]);
  });

  test("of a real-time search also without the number of its snapshot, with the GUID of its cluster", async () => {
    const { splunk, api } = await splunkDesk();
    const start = "rt_scheduler__admin__search__RMD5c0ffee_at_1760000100_42";
    splunk.addJob({ sid: start, searchName: "Real time", rows: manyRows(1) });
    splunk.addJob({ sid: `${start}_3F2B6C1D-8A4E`, searchName: "Real time", rows: manyRows(2) });
    splunk.addJob({ sid: `${start}.9`, searchName: "Real time", rows: manyRows(3) });

    expect(await gather(api.results(`${start}.3`, patient))).toHaveLength(1);
    expect(await gather(api.results(`${start}.795_3F2B6C1D-8A4E`, patient))).toHaveLength(2);
    expect(await gather(api.results(`${start}.9`, patient))).toHaveLength(3);
    expect(await api.job(`${start}.3`, patient)).toMatchObject({ sid: start });
  });

  test.each(["a/b", "1+1", "scheduler__a=b~c@d:e"])("with the sid %s, encoded", async (strange) => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid: strange, searchName: null, rows: manyRows(2) });

    expect(await gather(api.results(strange, patient))).toHaveLength(2);
    expect(splunk.requests[0]?.url).toContain(`/jobs/${encodeURIComponent(strange)}/results?`);
  });

  test.each(["", ".", "..", "a b", "a?b", "a%2e", "a\nb", "é", "x".repeat(513)])(
    "never with the sid %j, which is none",
    async (strange) => {
      const { splunk, api } = await splunkDesk();

      await expect(gather(api.results(strange, patient))).rejects.toMatchObject({
        code: "SPLUNK_UNKNOWN_SID",
      });
      expect(splunk.requests).toEqual([]);
    },
  );
});

describe("no rows", () => {
  test("of a run that has not ended are not taken for none", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: null, rows: manyRows(2), state: "running" });
    splunk.failNext({ kind: "body", body: '{"preview":false,"results":[]}' }, results);

    const notReady = { code: "SPLUNK_NOT_READY", retryable: true };
    await expect(gather(api.results(sid, patient))).rejects.toMatchObject(notReady);
    await expect(gather(api.results(sid, patient))).rejects.toMatchObject(notReady);

    splunk.addJob({ sid, searchName: null, rows: manyRows(2) });
    splunk.failNext({ kind: "body", body: '{"preview":true,"results":[{"a":"b"}]}' }, results);
    await expect(gather(api.results(sid, patient))).rejects.toMatchObject(notReady);
    expect(await gather(api.results(sid, patient))).toHaveLength(2);
  });

  test("of a run that is done are none, also when Splunk says 204", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: null, rows: [] });
    splunk.failNext({ kind: "status", status: 204 }, results);

    expect(await gather(api.results(sid, patient))).toEqual([]);
  });

  test("behind the last page are the end, also when Splunk says 204", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: null, rows: manyRows(5000) });
    splunk.failNext({ kind: "status", status: 204 }, /offset=5000/);

    expect(await gather(api.results(sid, patient))).toHaveLength(5000);
  });

  test("of a run that failed are an error", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: null, rows: [], state: "failed" });

    await expect(gather(api.results(sid, patient))).rejects.toMatchObject({ code: "SPLUNK_REJECTED" });
  });
});

describe("an answer that is none:", () => {
  const html = "<html><body>Splunk Web</body></html>";

  test.each([
    [
      "unknown run",
      { kind: "status", status: 404, body: '{"messages":[{"type":"FATAL","text":"Unknown sid."}]}' },
      "SPLUNK_UNKNOWN_SID",
      false,
    ],
    ["no right", { kind: "status", status: 403 }, "SPLUNK_FORBIDDEN", false],
    ["no login", { kind: "status", status: 401 }, "SPLUNK_LOGIN_REFUSED", false],
    [
      "rejected",
      { kind: "status", status: 400, body: '{"messages":[{"type":"FATAL","text":"Bad count"}]}' },
      "SPLUNK_REJECTED",
      false,
    ],
    ["busy", { kind: "status", status: 503 }, "SPLUNK_NOT_READY", true],
    ["broken", { kind: "status", status: 500 }, "SPLUNK_UNREACHABLE", true],
    ["another server", { kind: "status", status: 404, body: html }, "SPLUNK_ANSWER_INVALID", false],
    ["a redirect", { kind: "status", status: 302, body: "" }, "SPLUNK_ANSWER_INVALID", false],
    ["HTML", { kind: "body", body: html }, "SPLUNK_ANSWER_INVALID", false],
    ["a list", { kind: "body", body: "[]" }, "SPLUNK_ANSWER_INVALID", false],
    ["rows of another kind", { kind: "body", body: '{"results":[["a"]]}' }, "SPLUNK_ANSWER_INVALID", false],
    ["half of one", { kind: "body", body: '{"results":[{"src_ip":' }, "SPLUNK_UNREACHABLE", true],
    ["cut before it", { kind: "cut" }, "SPLUNK_UNREACHABLE", true],
    [
      "cut within",
      { kind: "cut-body", body: '{"results":[{"src_ip":"x"}]}', after: 15 },
      "SPLUNK_UNREACHABLE",
      true,
    ],
    [
      "FATAL in it",
      { kind: "body", body: '{"messages":[{"type":"FATAL","text":"disk"}],"results":[]}' },
      "SPLUNK_REJECTED",
      false,
    ],
  ] as const)("%s", async (_what, fault, code, retryable) => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: null, rows: manyRows(2) });
    splunk.failNext(fault, results);
    // What an old version would be asked next.
    splunk.failNext(fault, results);

    const refusal = await gather(api.results(sid, patient)).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code, retryable });
    expect(String(refusal)).toContain(`Splunk at 127.0.0.1:${splunk.port} `);
    expect(String(refusal)).not.toContain("splunk.stand-in.token");
    expect(refusal).toMatchObject({ cause: undefined });
  });

  test("silence is given up after the time that it is given", async () => {
    const { splunk, api } = await splunkDesk({ api: { timeoutMs: 150 } });
    splunk.failNext({ kind: "silent" });

    await expect(api.job(sid, patient)).rejects.toMatchObject({
      code: "SPLUNK_UNREACHABLE",
      message: expect.stringContaining("no whole answer within 0.15 s"),
    });
  });

  test("whoever no longer waits hears it at once", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.failNext({ kind: "silent" });

    await expect(api.job(sid, AbortSignal.timeout(50))).rejects.toMatchObject({ code: "SPLUNK_UNREACHABLE" });
  });

  test("what Splunk says is quoted on one line, without anything that a terminal obeys", async () => {
    const { splunk, api } = await splunkDesk();
    const text = "line one\nline two \u001b[31mred\u202e";
    splunk.failNext({
      kind: "status",
      status: 400,
      body: JSON.stringify({ messages: [{ type: "FATAL", text }] }),
    });

    await expect(api.job(sid, patient)).rejects.toMatchObject({
      message: expect.stringContaining('"line one line two �[31mred�"'),
    });
  });
});

test("whatever the answer is, it gives rows or says what is wrong", async () => {
  const { splunk, api } = await splunkDesk();
  splunk.addJob({ sid, searchName: null, rows: [] });
  const row = oneof(json(), constantFrom('{"a":{"b":[1,null]}}', "null", '{"a":[["x"]]}', '{"__proto__":1}'));
  const body = oneof(
    string(),
    json(),
    row.map((text) => `{"preview":false,"results":[${text}]}`),
    row.map((text) => `{"messages":${text},"results":null}`),
  );

  await assert(
    asyncProperty(body, async (text) => {
      splunk.failNext({ kind: "body", body: text }, results);
      const given = await gather(api.results(sid, patient)).catch((error: unknown) => error);
      expect(Array.isArray(given) || given instanceof AppError).toBe(true);
    }),
    { numRuns: 150 },
  );
});
