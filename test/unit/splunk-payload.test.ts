import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Alert } from "../../src/domain/alert.ts";
import { maxRows, PayloadError, readSplunkPayload } from "../../src/ingest/splunk-payload.ts";
import { after, t0 } from "../fakes/samples.ts";

const fixtures = join(import.meta.dirname, "../fixtures/splunk");

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), "utf8"));
}

function read(body: unknown): Alert {
  return readSplunkPayload(body, { receivedAt: t0, source: "test" });
}

function rowsOf(body: object): Alert["rows"] {
  return read({ sid: "1.2", ...body }).rows;
}

describe("a stock payload", () => {
  test("becomes an alert", () => {
    expect(readSplunkPayload(fixture("scheduled"), { receivedAt: t0, source: "splunk-webhook" })).toEqual({
      id: "al_68e7799004d2adb8f35fcc96dc642340",
      source: "splunk-webhook",
      sid: "scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_1760000400_1234",
      searchName: "SSH brute force",
      app: "search",
      owner: "admin",
      resultsLink:
        "https://splunk.example.net:8000/app/search/@go?sid=scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_1760000400_1234",
      rows: [
        [
          ["src_ip", ["203.0.113.45"]],
          ["count", ["57"]],
          ["user", ["root", "admin"]],
          ["dest", [""]],
          ["_time", ["1760000399.125000"]],
        ],
      ],
      extras: null,
      settings: null,
      receivedAt: t0,
    });
  });

  test.each(readdirSync(fixtures))("%s is in the wire form of Splunk and can be read", (name) => {
    const text = readFileSync(join(fixtures, name), "utf8");
    const body: unknown = JSON.parse(text);

    expect(text).toMatch(
      /^\{"sid": .+?, "search_name": .+?, "app": .+?, "owner": .+?, "results_link": .+?, "result": /,
    );
    expect(text).toMatch(/^[\x20-\x7e]+$/);
    expect(read(body).id).toMatch(/^al_[0-9a-f]{32}$/);
  });

  test("may have null or nothing for everything but one", () => {
    const nothing = { app: null, owner: null, results_link: null, result: null };

    expect(read({ ...nothing, sid: "1.2", search_name: null })).toMatchObject({
      sid: "1.2",
      searchName: null,
      app: null,
      owner: null,
      resultsLink: null,
      rows: [],
    });
    expect(read({ search_name: "x" })).toMatchObject({ searchName: "x", sid: null, rows: [] });
    expect(read({ result: { a: "b" } }).rows).toEqual([[["a", ["b"]]]]);
    expect(read({ results: [] }).rows).toEqual([]);
  });

  test("may have a number as sid, and an empty text for null", () => {
    expect(read({ sid: 1760000400.1228, search_name: "", app: "" })).toMatchObject({
      sid: "1760000400.1228",
      searchName: null,
      app: null,
    });
  });
});

describe("values", () => {
  test.each([
    ["text", ["text"]],
    ["", [""]],
    [" é\u0000\n", [" é\u0000\n"]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [[], []],
    [null, []],
    [
      ["a", null, 1, true],
      ["a", "1", "true"],
    ],
    [17, ["17"]],
    [1.5, ["1.5"]],
    [false, ["false"]],
    [{ b: [1, "x"] }, ['{"b":[1,"x"]}']],
    [
      [["a", "b"], "c"],
      ['["a","b"]', "c"],
    ],
  ])("%j becomes %j", (value, values) => {
    expect(rowsOf({ result: { field: value } })).toEqual([[["field", values]]]);
  });

  test("keep names that are free text, also those of JavaScript", () => {
    const json = `{"sid": "1.2", "result": {"__proto__": "a", "constructor": "b", "values(src_ip)": "c", "": "d", "data{}.ip": "e"}}`;

    expect(read(JSON.parse(json)).rows).toEqual([
      [
        ["__proto__", ["a"]],
        ["constructor", ["b"]],
        ["values(src_ip)", ["c"]],
        ["", ["d"]],
        ["data{}.ip", ["e"]],
      ],
    ]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test("leave out Splunk's own encoding of lists", () => {
    expect(rowsOf({ result: { user: ["a", "b"], __mv_user: "$a$;$b$" } })).toEqual([[["user", ["a", "b"]]]]);
  });
});

describe("several rows", () => {
  const one = { src_ip: "203.0.113.1" };
  const two = { src_ip: "203.0.113.2", count: "5" };

  test.each([
    [{ results: [one, two] }, 2],
    [{ results: [one, one] }, 2],
    [{ result: one, results: [one, two] }, 2],
    [{ result: { count: "5", src_ip: "203.0.113.2" }, results: [one, two] }, 2],
    [{ result: { src_ip: "203.0.113.3" }, results: [one, two] }, 3],
    [{ result: one, results: [] }, 1],
    [{ result: one, results: null }, 1],
    [{ results: [null, one, {}] }, 1],
    [{ result: {} }, 0],
  ])("%j are %d", (body, count) => {
    expect(rowsOf(body)).toHaveLength(count);
  });

  test("are at most as many as Splunk sends", () => {
    expect(rowsOf({ results: Array.from({ length: maxRows }, () => one) })).toHaveLength(maxRows);
    expect(() => rowsOf({ results: Array.from({ length: maxRows + 1 }, () => one) })).toThrow(
      new PayloadError("results: more than 50000 rows"),
    );
  });
});

describe("another shape", () => {
  const secret = "value-that-must-not-be-quoted";
  test.each([
    [[], "the body is not a JSON object"],
    [[{ result: {} }], "the body is not a JSON object"],
    [secret, "the body is not a JSON object"],
    [5, "the body is not a JSON object"],
    [null, "the body is not a JSON object"],
    [undefined, "the body is not a JSON object"],
    [{}, "none of result, results, sid and search_name is present"],
    [{ app: "search", owner: "admin", foo: 1 }, "none of result, results, sid and search_name is present"],
    [
      { sid: null, search_name: null, result: null },
      "none of result, results, sid and search_name is present",
    ],
    [{ sid: "", search_name: "" }, "none of result, results, sid and search_name is present"],
    [{ sid: "1", result: secret }, "result: expected an object"],
    [{ sid: "1", result: 5 }, "result: expected an object"],
    [{ sid: "1", result: [{ a: secret }] }, "result: expected an object"],
    [{ sid: "1", results: {} }, "results: Invalid input: expected array, received object"],
    [{ sid: "1", results: [{}, secret] }, "results.1: expected an object"],
    [{ sid: [secret] }, "sid: expected text"],
    [{ sid: true, result: {} }, "sid: expected text"],
    [{ sid: "1", search_name: { a: secret } }, "search_name: expected text"],
  ])("%j: %s", (body, message) => {
    expect(() => read(body)).toThrow(new PayloadError(message));
  });

  test("nested a million deep is refused, not a crash", () => {
    const deep: unknown = JSON.parse(
      `{"sid": "1", "result": {"a": ${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}}`,
    );

    expect(() => read(deep)).toThrow(PayloadError);
  });
});

describe("the id", () => {
  const body = { sid: "scheduler_1", search_name: "s", result: { a: "1", b: ["2", "3"] } };

  test("is the same for the same delivery, whenever and wherever it comes, whatever the order of keys", () => {
    const again = { result: { b: ["2", "3"], a: "1" }, search_name: "s", sid: "scheduler_1" };

    expect(readSplunkPayload(again, { receivedAt: after(60), source: "elsewhere" }).id).toBe(read(body).id);
    expect(read({ ...body, owner: "y", results_link: "https://splunk.example.net/z" }).id).toBe(
      read(body).id,
    );
  });

  test.each([
    { sid: "scheduler_2" },
    { sid: null },
    // A forged one must not make the genuine one, which comes after it, a repeat.
    { search_name: "another" },
    { search_name: null },
    { app: "another" },
    { result: { a: "1", b: ["3", "2"] } },
    { result: { a: "1", b: "2,3" } },
    { result: { a: "1", b: ["2", "3"], c: "" } },
    { result: { a: "1", b: ["2", "3"], c: null } },
    { result: { b: "1", a: ["2", "3"] } },
    { result: null },
    { results: [{ a: "2" }] },
  ])("is another one with %j", (change) => {
    expect(read({ ...body, ...change }).id).not.toBe(read(body).id);
  });

  const link = (text: string) =>
    `https://splunk.example.net:8000/app/search/search?q=${text}&earliest=0&latest=now`;

  test.each([
    ["%7Cloadjob%20scheduler_1%20%7C%20head%20{N}%20%7C%20tail%201"],
    ["%7cloadjob+scheduler_1+%7c+head+{N}+%7c+tail+1"],
    ["|loadjob scheduler_1 | head {N} | tail 1"],
    ["%7Cloadjob%20scheduler_1%20head%20{N}%20tail%201"],
  ])("tells apart equal rows of one search by the link %s", (form) => {
    const idOf = (n: number): string =>
      read({ ...body, results_link: link(form.replace("{N}", String(n))) }).id;

    expect(idOf(1)).toBe(idOf(1));
    expect(new Set([read(body).id, idOf(1), idOf(2), idOf(12)]).size).toBe(4);
  });

  test("differs between the rows of the per-result samples", () => {
    expect(read(fixture("per-result-1")).id).not.toBe(read(fixture("per-result-2")).id);
  });

  test.each([
    ["scheduler__admin__search__RMD5a1b2_at_1760000400_1234", "68e7799004d2"],
    ["rt_scheduler__admin__search__RMD5a1b2_at_1760000400_42.3", "68e77990002a"],
    ["1760000400.1228", "68e7799004cc"],
  ])("of %s begins with the time of the search", (sid, start) => {
    expect(read({ ...body, sid }).id.slice(3, 15)).toBe(start);
    expect(read({ ...body, sid }).id).toMatch(/^al_[0-9a-f]{32}$/);
  });

  test("is never the same twice without a sid", () => {
    const unnamed = { search_name: "s", result: { a: "1" } };

    expect(read(unnamed).id).not.toBe(read(unnamed).id);
    expect(read(unnamed).id).toMatch(/^al_[0-9a-f]{32}$/);
  });

  test("does not depend on the order of keys, for any payload", () => {
    const result = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string())));
    fc.assert(
      fc.property(result, fc.string({ minLength: 1 }), (fields, sid) => {
        const turned = Object.fromEntries(Object.entries(fields).toReversed());

        expect(read({ result: turned, sid }).id).toBe(read({ sid, result: fields }).id);
      }),
    );
  });
});

test("any JSON is read or refused with a message", () => {
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record(
      { sid: fc.jsonValue(), search_name: fc.jsonValue(), result: fc.jsonValue(), results: fc.jsonValue() },
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(body, (value) => {
      const outcome = attempt(() => read(value));

      expect(outcome instanceof PayloadError || !(outcome instanceof Error)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
