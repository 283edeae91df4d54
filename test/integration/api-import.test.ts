import { describe, expect, test } from "vitest";
import { z } from "zod";
import { forever } from "../../src/domain/block.ts";
import { after, t0 } from "../fakes/samples.ts";
import { importCsv } from "./api-seed.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";

const Faults = z.object({ faults: z.array(z.object({ line: z.number(), problem: z.string() })) });

describe("an import", () => {
  test("of CSV blocks every line, until its own end and for its own groups", async () => {
    const server = await startApiServer();

    const { status, body } = await importCsv(
      server,
      [
        "\ufeffnetwork,reason,until,duration,groups",
        '198.51.100.1,"scanner, again",,1h,',
        "2001:db8:7::/64,botnet,2026-11-22,,edge",
        "198.51.100.2,worm,permanent,,",
        "198.51.100.0/30,the whole of it,,2h,",
        "",
      ].join("\r\n"),
      "?actor=alice",
    );

    expect({ status, body }).toEqual({
      status: 200,
      body: { blocked: 4, unchangedCount: 0, unchanged: [], faults: [], faultCount: 0 },
    });
    const blocks = await server.store.standingBlocks(t0);
    expect(
      Object.fromEntries(blocks.map(({ prefix, expiresAt, groups }) => [prefix, [expiresAt, groups]])),
    ).toEqual({
      "198.51.100.1/32": [after(3600), null],
      "2001:db8:7::/64": [new Date("2026-11-23T00:00:00.000Z"), ["edge"]],
      "198.51.100.2/32": [forever, null],
      "198.51.100.0/30": [after(7200), null],
    });
    expect(server.woken()).toBeGreaterThan(0);
  });

  const faulty = [
    "network,reason,duration",
    "198.51.100.1,good,1h",
    "010.1.2.3,zero,1h",
    "203.0.113.200,ours,1h",
    "0.0.0.0/0,all,1h",
    "198.51.100.3,,1h",
    "198.51.100.4,x,soon",
    "198.51.100.1/32,twice,1h",
    "198.51.100.5,a\u001bb,1h",
    "198.51.100.6,more,1h,cells",
    '"198.51.100.7","two',
    'lines",1h',
    "198.51.100.8,no end,",
  ].join("\n");

  test("names every faulty line with its number, and then does nothing", async () => {
    const server = await startApiServer();

    const { status, body } = await importCsv(server, faulty);

    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: "PAYLOAD_INVALID",
      detail: "10 of 11 lines can't be imported, so none was. Mend them, or say partial=true.",
      faultCount: 10,
    });
    const { faults } = Faults.parse(body);
    expect(faults.map(({ line, problem }) => `${line} ${problem.slice(0, 40)}`)).toEqual([
      "3 network: expected an IP address or a net",
      "4 network: may not be blocked: 203.0.113.2",
      "5 network: may not be blocked: 0.0.0.0/0 i",
      "6 reason: is missing",
      "7 duration: expected a duration like 90s, ",
      "8 network: the same as in line 2",
      "9 reason: expected 1 to 200 characters, no",
      "10 expected an object with network, reason ",
      "11 reason: expected 1 to 200 characters, no",
      "13 say either duration or until",
    ]);
    expect(await server.store.standingBlocks(t0)).toEqual([]);
  });

  test("that is partial does the others", async () => {
    const server = await startApiServer();

    const { status, body } = await importCsv(server, faulty, "?partial=true");

    expect(status).toBe(200);
    expect(body).toMatchObject({ blocked: 1, faultCount: 10 });
    expect(await server.store.standingBlocks(t0)).toHaveLength(1);
  });

  test("that is repeated changes nothing, and says so line by line", async () => {
    const server = await startApiServer();
    const text = "network,until\n198.51.100.1,2026-12-01\n198.51.100.2,2026-12-01\n";
    await importCsv(server, text, "?reason=botnet");

    const { body } = await importCsv(server, text, "?reason=botnet");

    expect(body).toMatchObject({ blocked: 0, unchangedCount: 2, unchanged: [{ line: 2 }, { line: 3 }] });
  });

  test.each([
    ["text/csv", "", "The body is empty."],
    ["text/csv", "ip,reason\n1.2.3.4,x", "The first line must name the columns"],
    ["text/csv", "network,ttl\n1.2.3.4,5", "Column 2 has an unknown name"],
    ["text/csv", "network,network\n", "Column names stand there twice"],
    ["text/csv", 'network,reason\n1.2.3.4,"x', "Line 2 is not CSV"],
    ["application/json", "{", "The body is not JSON."],
    ["application/json", '{"networks":[]}', "neither a JSON list of blocks nor"],
    ["text/plain", "network", "The Content-Type must be text/csv or application/json."],
  ])("of %s %j is refused", async (type, body, detail) => {
    const { call } = await startApiServer();
    const answer = await call("POST", "/api/v1/blocks/import", { body, type });

    expect(answer.body).toMatchObject({ status: 400, detail: expect.stringContaining(detail) });
  });

  test("of more than 5 MiB is refused; while new blocks are paused too", async () => {
    const server = await startApiServer();
    expect((await importCsv(server, "x".repeat(5 * 1024 * 1024 + 1))).status).toBe(413);

    await server.call("POST", "/api/v1/pause", { json: { reason: "x" } });
    expect((await importCsv(server, "network,reason,duration\n198.51.100.1,x,1h")).status).toBe(409);
    expect(
      (await importCsv(server, "network,reason,duration\n198.51.100.1,x,1h", "?force=true")).status,
    ).toBe(200);
  });

  const lines = (count: number) =>
    Array.from({ length: count }, (_, i) => `198.18.${i >> 8}.${i & 255},=cmd|'/C calc'!A${i},7d`);

  test("of 10,000 lines takes seconds", async () => {
    const server = await startApiServer();
    const begin = performance.now();

    const { body } = await importCsv(server, `network,reason,duration\n${lines(10_000).join("\n")}`);

    // About 4 s; the limit only catches work that grows with the lines before.
    expect(performance.now() - begin).toBeLessThan(60_000);
    expect(body).toMatchObject({ blocked: 10_000, faultCount: 0 });
    const { text } = await server.call("GET", "/api/v1/blocks/export?format=jsonl");
    const exported = text.trim().split("\n");
    expect(exported).toHaveLength(10_000);
    expect(JSON.parse(exported[0] ?? "")).toMatchObject({ network: expect.stringMatching(/^198\.18\./) });
  }, 120_000);

  test.each([
    ["json", "application/json"],
    ["csv", "text/csv"],
  ])("of what was exported as %s makes the same blocks", async (format, type) => {
    const server = await startApiServer();
    await importCsv(server, `network,reason,duration\n${lines(600).join("\n")}`);
    const other = await startApiServer();
    const blocksOf = async ({ store }: ApiServer) =>
      (await store.standingBlocks(t0)).map(({ prefix, expiresAt }) => `${prefix} ${expiresAt.toISOString()}`);

    const { text } = await server.call("GET", `/api/v1/blocks/export?format=${format}`);
    const { body } = await other.call("POST", "/api/v1/blocks/import", { body: text, type });

    expect(body).toMatchObject({ blocked: 600, faultCount: 0 });
    expect((await blocksOf(other)).toSorted()).toEqual((await blocksOf(server)).toSorted());
  });
});
