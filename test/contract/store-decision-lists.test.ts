import { expect, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import type { Page, Store } from "../../src/ports.ts";
import { after, ip, recordOf, sampleAlert, sampleClaim, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const shadow = { action: "block", reasons: ["2 engines"], rule: "x", policyVersion: "sha256:1" } as const;
const actions = ["watch", "hold", "ignore"] as const;

/** `count` addresses of `al_1` with one decision each, two in each second; each third one differs from the shadow policy. */
async function fill(store: Store, count: number): Promise<readonly Decision[]> {
  await store.insertAlerts([sampleAlert("al_1")]);
  const sightings = Array.from({ length: count }, (_, n) => ({
    ip: ip(`203.0.113.${n}`),
    count: n + 1,
    fields: ["src"],
    severity: "high" as const,
  }));
  await store.recordSightings("al_1", sightings, t0);
  const ids = new Map((await store.claimSightings(sampleClaim())).map((one) => [one.ip, one.id]));
  const decisions = sightings.map(({ ip: address }, n) =>
    sampleDecision(`de_${n}`, {
      ip: address,
      action: actions[n % 3] ?? "watch",
      decidedAt: after(Math.floor(n / 2)),
      shadow: n % 3 === 0 ? shadow : null,
    }),
  );
  for (const decision of decisions) {
    await store.recordDecision(recordOf(decision, { sightingId: ids.get(decision.ip) ?? "" }));
  }
  return decisions;
}

async function pages<Item>(read: (cursor: string | null) => Promise<Page<Item>>): Promise<Item[][]> {
  const found: Item[][] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Item> = await read(cursor);
    found.push([...page.items]);
    cursor = page.next;
  } while (cursor !== null && found.length < 99);
  return found;
}

describeStore("the store's lists of decisions", (engine) => {
  test("page by page every decision comes once as it was, newest first", async () => {
    const store = await newStore(engine);
    const decisions = await fill(store, 7);

    const found = await pages((cursor) => store.listDecisions({ limit: 3, cursor }));

    expect(found.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(found.flat()).toEqual(decisions.toReversed());
  });

  test("one action, or what differs, can be asked for alone", async () => {
    const store = await newStore(engine);
    await fill(store, 9);
    const ids = async (wanted: Partial<Parameters<Store["listDecisions"]>[0]>) =>
      (await pages((cursor) => store.listDecisions({ limit: 2, cursor, ...wanted })))
        .flat()
        .map(({ id }) => id);

    expect(await ids({ action: "hold" })).toEqual(["de_7", "de_4", "de_1"]);
    expect(await ids({ differsOnly: true })).toEqual(["de_6", "de_3", "de_0"]);
    expect(await ids({ action: "hold", differsOnly: true })).toEqual([]);
    expect(await ids({ action: "block" })).toEqual([]);
    expect((await store.counts(t0)).shadowDifferences).toBe(3);
  });

  test("one decision comes by its id", async () => {
    const store = await newStore(engine);
    const [first] = await fill(store, 2);

    expect(await store.decision("de_0")).toEqual(first);
    expect(await store.decision("de_9")).toBeUndefined();
  });

  test("past ones come oldest first with what they were made from", async () => {
    const store = await newStore(engine);
    const decisions = await fill(store, 7);
    const past = (seconds: number, limit = 3) =>
      pages((cursor) => store.pastDecisions({ limit, cursor, since: after(seconds) }));

    const all = await past(-1);
    expect(all.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(all.flat()).toEqual(
      decisions.map((decision, n) => ({
        decision,
        sighting: { ip: decision.ip, count: n + 1, fields: ["src"], severity: "high" },
        searchName: "SSH brute force",
        seenAt: t0,
      })),
    );
    // Those of the moment itself are not after it.
    expect((await past(1)).flat().map(({ decision }) => decision.id)).toEqual(["de_4", "de_5", "de_6"]);
    expect(await past(99)).toEqual([[]]);
  });

  test("a decision that can't be read, or whose sighting is gone, is left out, and the pages go on", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await fill(store, 7);
    await engine.tamper(databaseUrl, "update decisions set findings = 'x' where id = 'de_1'");
    await engine.tamper(databaseUrl, "delete from sightings where ip in ('203.0.113.2', '203.0.113.4')");

    const listed = await pages((cursor) => store.listDecisions({ limit: 2, cursor }));
    const past = await pages((cursor) => store.pastDecisions({ limit: 2, cursor, since: after(-1) }));

    expect(listed.flat().map(({ id }) => id)).toEqual(["de_6", "de_5", "de_4", "de_3", "de_2", "de_0"]);
    expect(past.flat().map(({ decision }) => decision.id)).toEqual(["de_0", "de_3", "de_5", "de_6"]);
  });

  test("a cursor that is none of ours is refused", async () => {
    const store = await newStore(engine);

    await expect(store.listDecisions({ limit: 2, cursor: "x" })).rejects.toThrow(RangeError);
    await expect(store.pastDecisions({ limit: 2, cursor: "x", since: t0 })).rejects.toThrow(RangeError);
  });
});
