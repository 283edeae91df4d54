import { expect, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { after, ip, prefix, recordOf, sampleDecision, sampleEnforcement, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

/** Blocks 203.0.113.n from `t0` + n / 2 on, so that two begin at each moment, for 100 s. */
async function fill(store: Store, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    const at = Math.floor(n / 2);
    await store.recordDecision(
      recordOf(
        sampleDecision(`de_${n}`, {
          ip: ip(`203.0.113.${n}`),
          mode: n % 3 === 0 ? "observe" : "enforce",
          decidedAt: after(at),
          expiresAt: after(at + 100),
        }),
      ),
    );
  }
}

/** All pages. @returns the last number of each address, page by page */
async function pages(store: Store, options: { readonly limit: number; readonly standingAt?: number }) {
  const found: number[][] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Store["listBlocks"]>> = await store.listBlocks({
      standingOnly: options.standingAt !== undefined,
      limit: options.limit,
      cursor,
      now: after(options.standingAt ?? 0),
    });
    found.push(page.blocks.map(({ block }) => Number(/\.(\d+)\//.exec(block.prefix)?.[1])));
    cursor = page.next;
  } while (cursor !== null && found.length < 99);
  return found;
}

describeStore("the store's lists of blocks", (engine) => {
  test("page by page every block comes once, newest first", async () => {
    const store = await newStore(engine);
    await fill(store, 9);

    const found = await pages(store, { limit: 2 });

    expect(found.map((page) => page.length)).toEqual([2, 2, 2, 2, 1]);
    const moments = found.flat().map((n) => Math.floor(n / 2));
    expect(moments).toEqual([4, 4, 3, 3, 2, 2, 1, 1, 0]);
    expect(new Set(found.flat()).size).toBe(9);
    expect((await pages(store, { limit: 3 })).map((page) => page.length)).toEqual([3, 3, 3]);
    expect(await pages(await newStore(engine), { limit: 3 })).toEqual([[]]);
  });

  test("what comes while somebody reads shifts nothing", async () => {
    const store = await newStore(engine);
    await fill(store, 4);
    const list = (cursor: string | null) =>
      store.listBlocks({ standingOnly: false, limit: 2, cursor, now: t0 });
    const first = await list(null);
    await store.recordDecision(
      recordOf(sampleDecision("de_9", { decidedAt: after(50), expiresAt: after(99) })),
    );

    const second = await list(first.next);

    const ids = [...first.blocks, ...second.blocks].map(({ block }) => block.decisionId);
    expect(ids.toSorted()).toEqual(["de_1", "de_2", "de_3", "de_4"]);
  });

  test("what stands can be asked for alone", async () => {
    const store = await newStore(engine);
    await fill(store, 8);
    const lift = { actor: "alice", reason: "wrong", now: after(60), graceUntil: after(600) };
    await store.liftBlocks(prefix("203.0.113.7/32"), lift);

    const found = await pages(store, { limit: 2, standingAt: 102 });

    expect(new Set(found.flat())).toEqual(new Set([6, 8]));
    expect(found.flat()).toHaveLength(2);
    expect((await pages(store, { limit: 2, standingAt: 104 })).flat()).toEqual([]);
  });

  test("what was lifted and a firewall may still drop can be asked for alone", async () => {
    const store = await newStore(engine);
    await fill(store, 8);
    const lift = { actor: "alice", reason: "wrong", now: after(60), graceUntil: after(600) };
    const [block] = await store.liftBlocks(prefix("203.0.113.7/32"), lift);
    const lifting = async (seconds: number) => {
      const page = await store.listBlocks({
        standingOnly: false,
        liftingOnly: true,
        limit: 9,
        cursor: null,
        now: after(seconds),
      });
      return page.blocks.map((one) => one.block.id);
    };

    expect(await lifting(61)).toEqual([block?.id]);
    expect(await lifting(1_000_000)).toEqual([]);
    for (const firewall of ["edge-1", "edge-2"]) {
      expect(await lifting(61)).toHaveLength(1);
      const blockId = block?.id ?? "";
      await store.recordEnforcements(firewall, [{ blockId, state: "lifted", error: null }], after(61));
    }
    expect(await lifting(61)).toEqual([]);
  });

  test.each(["", "x", "1", "MTIz", Buffer.from("12 bl_1; drop").toString("base64url")])(
    "a cursor %j that is none of ours is refused",
    async (cursor) => {
      const store = await newStore(engine);

      const listing = store.listBlocks({ standingOnly: false, limit: 2, cursor, now: t0 });

      await expect(listing).rejects.toThrow("the cursor names no page: begin without one");
    },
  );

  test("a report tells the block, how it ended, and what became of it on each firewall", async () => {
    const store = await newStore(engine);
    await fill(store, 1);
    const [standing] = await store.blocksOn(prefix("203.0.113.1/32"), t0);
    const [ended] = await store.blocksOn(prefix("203.0.113.1/32"), after(100));
    const blockId = standing?.block.id ?? "";

    const rows = ["edge-1", "edge-2"].map((firewall) => sampleEnforcement({ blockId, firewall }));
    expect(standing).toEqual({
      block: (await store.standingBlocks(t0))[0],
      state: "standing",
      endedAt: null,
      lifted: null,
      enforcements: rows,
    });
    expect(ended).toEqual({ ...standing, state: "ended", endedAt: after(100) });

    const lift = { actor: "alice\0", reason: "it's ours", now: after(60), graceUntil: after(600) };
    await store.liftBlocks(prefix("203.0.113.1/32"), lift);
    await store.recordEnforcements("edge-2", [{ blockId, state: "lifted", error: null }], after(61));

    expect(await store.blocksOn(prefix("203.0.113.1/32"), after(999))).toMatchObject([
      {
        state: "lifted",
        endedAt: after(60),
        lifted: { actor: "alice\u{FFFD}", reason: "it's ours", graceUntil: after(600) },
        enforcements: [
          { state: "lifting", endedAt: null },
          { state: "lifted", endedAt: after(61) },
        ],
      },
    ]);
  });

  test("what covers a network is told, newest first, with what has ended, and nothing that lies in it", async () => {
    const store = await newStore(engine);
    const networks = [
      "203.0.112.0/20",
      "203.0.113.0/24",
      "203.0.113.9/32",
      "203.0.113.10/32",
      "203.0.0.0/16",
    ];
    for (const [index, network] of networks.entries()) {
      const decision = sampleDecision(`de_${index}`, {
        decidedAt: after(index),
        expiresAt: after(9 + index),
      });
      await store.recordDecision(recordOf(decision, { prefix: prefix(network) }));
    }

    const on = async (network: string) =>
      (await store.blocksOn(prefix(network), after(11))).map(
        ({ block, state }) => `${block.prefix} ${state}`,
      );
    expect(await on("203.0.113.9/32")).toEqual([
      "203.0.0.0/16 standing",
      "203.0.113.9/32 ended",
      "203.0.113.0/24 ended",
      "203.0.112.0/20 ended",
    ]);
    expect(await on("203.0.113.0/24")).toEqual([
      "203.0.0.0/16 standing",
      "203.0.113.0/24 ended",
      "203.0.112.0/20 ended",
    ]);
    expect(await on("198.51.100.0/24")).toEqual([]);
  });
});
