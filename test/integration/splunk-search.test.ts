import { array, assert, asyncProperty, constantFrom, json, oneof, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { eventually } from "../fakes/eventually.ts";
import { gather, manyRows, patient, splunkDesk } from "./splunk-desk.ts";

const wanted = { search: "index=main action=failure", earliest: "-5m", latest: "now" };
const exports = /\/export$/;
const body = (...lines: readonly object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

describe("a search", () => {
  test("gives its rows, and none of previews, notes and empty lines", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.onSearch(() => [
      { _time: "1760000399.125", src_ip: "203.0.113.45", user: ["root", "admin"] },
      { src_ip: "203.0.113.46" },
    ]);

    expect(await gather(api.search(wanted, patient))).toEqual([
      [
        ["_time", ["2025-10-09 08:59:59.125 UTC"]],
        ["src_ip", ["203.0.113.45"]],
        ["user", ["root", "admin"]],
      ],
      [["src_ip", ["203.0.113.46"]]],
    ]);
    expect(splunk.requests[0]).toMatchObject({
      method: "POST",
      url: "/services/search/v2/jobs/export",
      form: { earliest_time: "-5m", latest_time: "now", output_mode: "json", preview: "0" },
    });
  });

  test("that finds nothing gives no row", async () => {
    const { api } = await splunkDesk();

    expect(await gather(api.search(wanted, patient))).toEqual([]);
  });

  test.each([
    ["index=main", "search index=main"],
    ["  index=main\n| stats count by src ", "search index=main\n| stats count by src"],
    ["search index=main", "search index=main"],
    ["| tstats count", "| tstats count"],
    ["searching=1", "search searching=1"],
  ])("%j is sent as %j", async (search, sent) => {
    const { splunk, api } = await splunkDesk();

    await gather(api.search({ ...wanted, search }, patient));

    expect(splunk.requests[0]?.form["search"]).toBe(sent);
  });

  test("of an old version is run in the old place", async () => {
    const { splunk, api } = await splunkDesk({ version: "old" });
    splunk.onSearch(() => manyRows(3));

    expect(await gather(api.search(wanted, patient))).toHaveLength(3);
    expect(await gather(api.search(wanted, patient))).toHaveLength(3);
    expect(splunk.requests.map(({ url }) => url)).toEqual([
      "/services/search/v2/jobs/export",
      "/services/search/jobs/export",
      "/services/search/jobs/export",
    ]);
  });

  test("gives more rows than Splunk keeps for a run, as they come", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.onSearch(() => manyRows(60_000));

    let batches = 0;
    let rows = 0;
    for await (const batch of api.search(wanted, patient)) {
      batches += 1;
      rows += batch.length;
    }

    expect(rows).toBe(60_000);
    expect(batches).toBeGreaterThan(10);
  });

  test("gives rows before it has ended, and ends in Splunk when nobody listens any more", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.holdSearches();
    splunk.onSearch(() => manyRows(2));

    for await (const batch of api.search(wanted, patient)) {
      expect(batch).toHaveLength(2);
      expect(splunk.openExports()).toBe(1);
      break;
    }

    await eventually("the end of the search", () => splunk.openExports() === 0);
  });

  test("that is aborted ends in Splunk too", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.holdSearches();
    splunk.onSearch(() => manyRows(2));
    const stop = new AbortController();

    const gathering = (async () => {
      for await (const batch of api.search(wanted, stop.signal)) {
        expect(batch).toHaveLength(2);
        stop.abort();
      }
    })();

    await expect(gathering).rejects.toMatchObject({ code: "SPLUNK_UNREACHABLE" });
    await eventually("the end of the search", () => splunk.openExports() === 0);
  });

  test("that says nothing more is given up", async () => {
    const { splunk, api } = await splunkDesk({ api: { silenceMs: 150 } });
    splunk.holdSearches();
    splunk.onSearch(() => manyRows(2));

    await expect(gather(api.search(wanted, patient))).rejects.toMatchObject({
      code: "SPLUNK_UNREACHABLE",
      retryable: true,
      message: expect.stringContaining("said nothing more of the search for 0.15 s"),
    });
    await eventually("the end of the search", () => splunk.openExports() === 0);
  });

  test("is not given up while we are busy with its rows", async () => {
    const { splunk, api } = await splunkDesk({ api: { silenceMs: 1500 } });
    splunk.onSearch(() => manyRows(20_000));

    let rows = 0;
    for await (const batch of api.search(wanted, patient)) {
      if (rows === 0) {
        await new Promise((resolve) => {
          setTimeout(resolve, 2000);
        });
      }
      rows += batch.length;
    }

    expect(rows).toBe(20_000);
  });

  test.each(["FATAL", "ERROR"])("%s behind the first rows is not taken for the end", async (type) => {
    const { splunk, api } = await splunkDesk();
    const text = "Error in 'lookup': unknown table";
    splunk.failNext(
      { kind: "body", body: body({ preview: false, result: { a: "1" } }, { messages: [{ type, text }] }) },
      exports,
    );

    await expect(gather(api.search(wanted, patient))).rejects.toMatchObject({
      code: "SPLUNK_REJECTED",
      message: expect.stringContaining(text),
    });
  });

  test.each([
    [
      "a row that is cut",
      { kind: "cut-body", body: body({ result: { a: "1" }, lastrow: true }), after: 20 },
      "SPLUNK_UNREACHABLE",
    ],
    [
      "half a row at the end",
      { kind: "body", body: '{"result":{"a":"1"}}\n{"result":{' },
      "SPLUNK_UNREACHABLE",
    ],
    ["a cut connection", { kind: "cut" }, "SPLUNK_UNREACHABLE"],
    ["HTML", { kind: "body", body: "<html>\n</html>" }, "SPLUNK_ANSWER_INVALID"],
    ["a redirect", { kind: "status", status: 303 }, "SPLUNK_ANSWER_INVALID"],
    ["no right", { kind: "status", status: 403 }, "SPLUNK_FORBIDDEN"],
    ["a search that is wrong", { kind: "status", status: 400 }, "SPLUNK_REJECTED"],
  ] as const)("with %s fails", async (_what, fault, code) => {
    const { splunk, api } = await splunkDesk();
    splunk.onSearch(() => manyRows(1));
    splunk.failNext(fault, exports);

    await expect(gather(api.search(wanted, patient))).rejects.toMatchObject({ code });
  });

  test("without a last row fails where a cut connection can't be told from the end", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.failNext({ kind: "unframed", body: body({ result: { a: "1" } }) }, exports);
    splunk.failNext({ kind: "unframed", body: body({ result: { a: "1" }, lastrow: true }) }, exports);

    await expect(gather(api.search(wanted, patient))).rejects.toMatchObject({
      code: "SPLUNK_UNREACHABLE",
      message: expect.stringContaining("before the last row"),
    });
    expect(await gather(api.search(wanted, patient))).toHaveLength(1);
  });
});

test("whatever a search answers, it gives rows or says what is wrong", async () => {
  const { splunk, api } = await splunkDesk();
  const line = oneof(
    string(),
    json(),
    json().map((text) => `{"preview":false,"result":${text}}`),
    json().map((text) => `{"messages":${text}}`),
    constantFrom(
      "",
      "\r",
      '{"preview":false,"lastrow":true}',
      '{"preview":"yes","result":{}}',
      '{"result":{"a":{}}}',
    ),
  );

  await assert(
    asyncProperty(array(line), async (lines) => {
      splunk.failNext({ kind: "body", body: lines.join("\n") }, exports);
      const given = await gather(api.search(wanted, patient)).catch((error: unknown) => error);
      expect(Array.isArray(given) || given instanceof AppError).toBe(true);
    }),
    { numRuns: 150 },
  );
});
