import { describe, expect, test } from "vitest";
import { forever } from "../../src/domain/block.ts";
import { AppError } from "../../src/domain/errors.ts";
import { BlockExport } from "../../src/operate/api/block-shapes.ts";
import { readCsv } from "../../src/operate/api/csv.ts";
import { after, ip, recordOf, sampleDecision, t0 } from "../fakes/samples.ts";
import { importCsv } from "./api-seed.ts";
import { type ApiServer, outsideDeps, startApiServer } from "./api-server.ts";

describe("an export", () => {
  const formats = [
    ["json", "application/json"],
    ["csv", "text/csv"],
  ] as const;
  const exportOf = async ({ call }: ApiServer, format: string) =>
    (await call("GET", `/api/v1/blocks/export?format=${format}`)).text;

  test.each(formats)(
    "as %s that is imported again, there or elsewhere, changes nothing",
    async (format, type) => {
      const one = await startApiServer();
      one.clock.now = after(0.456);
      const text = "network,reason,duration\n198.51.100.1,worm,1h\n198.51.100.0/28,botnet,permanent\n";
      await importCsv(one, text, "?actor=alice");
      const other = await startApiServer();
      other.clock.now = after(2.789);
      const exported = await exportOf(one, format);
      const bring = async (server: ApiServer) => {
        const { body } = await server.call("POST", "/api/v1/blocks/import?actor=bob", {
          body: exported,
          type,
        });
        return { body, blocks: await server.store.standingBlocks(t0) };
      };

      const first = await bring(other);
      other.clock.now = after(5.001);
      const second = await bring(other);
      const before = await one.store.standingBlocks(t0);
      one.clock.now = after(3.3);
      const back = await bring(one);

      expect(first.body).toMatchObject({ blocked: 2, unchangedCount: 0 });
      const ends = (blocks: typeof before) =>
        Object.fromEntries(blocks.map(({ prefix, expiresAt }) => [prefix, expiresAt]));
      expect(ends(first.blocks)).toEqual({
        "198.51.100.1/32": after(3600.456),
        "198.51.100.0/28": forever,
      });
      expect(second).toEqual({
        body: expect.objectContaining({
          blocked: 0,
          unchangedCount: 2,
          unchanged: expect.arrayContaining([
            expect.objectContaining({ problem: expect.stringContaining("already blocked") }),
          ]),
        }),
        blocks: first.blocks,
      });
      expect(back).toMatchObject({ body: { blocked: 0, unchangedCount: 2 }, blocks: before });
    },
  );

  test.each(formats)(
    "as %s tells what the person said, and an import does not add to it",
    async (format, type) => {
      const { call, store, ...rest } = await startApiServer();
      const one = { call, store, ...rest };
      const said = `${"seen, in the VPN log: ".repeat(9)}!!`;
      expect(said).toHaveLength(200);
      const json = { network: "198.51.100.1", reason: said, duration: "1h", actor: "alice" };
      await call("POST", "/api/v1/blocks", { json });
      const made = [
        ["de_1", "198.51.100.2", ["VirusTotal: 8 of 94", "first block"]],
        ["de_2", "198.51.100.3", ["x".repeat(500)]],
        ["de_3", "198.51.100.4", ["\u{1f469}\u200d\u{1f680}".repeat(70)]],
      ] as const;
      for (const [id, address, reasons] of made) {
        await store.recordDecision(recordOf(sampleDecision(id, { ip: ip(address), reasons })));
      }
      const reasonsOf = async (server: ApiServer) => {
        const { body } = await server.call("GET", "/api/v1/blocks/export");
        return Object.fromEntries(
          BlockExport.parse(body).blocks.map(({ network, reason }) => [network.replace(/\/32$/, ""), reason]),
        );
      };
      const before = await reasonsOf(one);
      const other = await startApiServer();
      const third = await startApiServer();

      for (const [from, to, actor] of [
        [one, other, "bob"],
        [other, third, "carol"],
      ] as const) {
        const body = await exportOf(from, format);
        const answer = await to.call("POST", `/api/v1/blocks/import?actor=${actor}`, { body, type });
        expect(answer.body).toMatchObject({ blocked: 4, faultCount: 0 });
      }

      expect(before).toMatchObject({
        "198.51.100.1": said,
        "198.51.100.2": "VirusTotal: 8 of 94; first block",
        "198.51.100.3": `${"x".repeat(180)} … (cut)`,
      });
      expect(await reasonsOf(other)).toEqual(before);
      expect(await reasonsOf(third)).toEqual(before);
    },
  );

  test("has no cell that a spreadsheet would run, and no character that a terminal obeys", async () => {
    const { call, store } = await startApiServer();
    const evil = ["=1+1", "+1", "-1", "@x", "\t=1", "a\u001b[2J\u202eb", 'say "x", y\r\nz'];
    for (const [index, reason] of evil.entries()) {
      const decision = sampleDecision(`de_${index}`, { ip: ip(`198.51.100.${index}`), reasons: [reason] });
      await store.recordDecision(recordOf(decision));
    }

    const { text, headers, type } = await call("GET", "/api/v1/blocks/export?format=csv");
    const read = readCsv(text);
    const reasons = "records" in read ? read.records.slice(1).map(({ cells }) => cells[1] ?? "") : [];

    expect(reasons.toSorted()).toEqual([
      "'+1",
      "'-1",
      "'=1",
      "'=1+1",
      "'@x",
      "a\ufffd[2J\ufffdb",
      'say "x", y z',
    ]);
    expect(type).toContain("text/csv");
    expect(headers.get("content-disposition")).toBe('attachment; filename="blocks.csv"');
  });

  test("of nothing is whole in each format, and another format is refused", async () => {
    const { call } = await startApiServer();
    const get = (format: string) => call("GET", `/api/v1/blocks/export?format=${format}`);

    expect((await get("json")).body).toEqual({ blocks: [] });
    expect((await get("jsonl")).text).toBe("");
    expect((await get("csv")).text).toBe("network,reason,until,mode,groups,createdAt,decisionId\r\n");
    expect((await get("xml")).status).toBe(400);
  });

  test("that fails at once answers 503, one that fails under way is cut off", async () => {
    const away = new AppError("STORE_UNAVAILABLE", "disk full", { retryable: true });
    const server = await startApiServer();
    for (let host = 0; host < 3; host += 1) {
      await server.store.recordDecision(
        recordOf(sampleDecision(`de_${host}`, { ip: ip(`198.51.100.${host}`) })),
      );
    }
    let pages = 0;
    const failing = (after: number) =>
      startApiServer({
        store: {
          ...outsideDeps(server.store).store,
          decision: (id) => server.store.decision(id),
          listBlocks: async (page) => {
            pages += 1;
            if (pages > after) {
              throw away;
            }
            return { ...(await server.store.listBlocks({ ...page, limit: 1 })) };
          },
        },
      });

    expect((await (await failing(0)).call("GET", "/api/v1/blocks/export")).status).toBe(503);
    pages = 0;
    const cut = await failing(1);
    await expect(cut.call("GET", "/api/v1/blocks/export")).rejects.toThrow("terminated");
    expect(cut.logged).toContainEqual({ fields: { error: "disk full" }, message: "an export was cut off" });
  });
});
