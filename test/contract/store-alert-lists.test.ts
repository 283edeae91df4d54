import { expect, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { after, ip, recordOf, sampleAlert, sampleClaim, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const sighting = (address: string) => ({ ip: ip(address), count: 2, fields: ["src"], severity: null });

async function pages(store: Store, limit: number): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Store["listAlerts"]>> = await store.listAlerts({ limit, cursor });
    found.push(page.items.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== null && found.length < 99);
  return found;
}

describeStore("the store's lists of alerts", (engine) => {
  test("page by page every alert comes once, newest first, also those of one moment", async () => {
    const store = await newStore(engine);
    const alerts = Array.from({ length: 9 }, (_, n) =>
      sampleAlert(`al_${n}`, { receivedAt: after(Math.floor(n / 3)) }),
    );
    await store.insertAlerts([...alerts.slice(5), ...alerts.slice(0, 5)]);

    expect(await pages(store, 2)).toEqual([
      ["al_8", "al_7"],
      ["al_6", "al_5"],
      ["al_4", "al_3"],
      ["al_2", "al_1"],
      ["al_0"],
    ]);
    expect((await pages(store, 3)).map((page) => page.length)).toEqual([3, 3, 3]);
    expect(await pages(await newStore(engine), 3)).toEqual([[]]);
  });

  test("what comes while somebody reads shifts nothing", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([1, 2, 3].map((n) => sampleAlert(`al_${n}`, { receivedAt: after(n) })));
    const first = await store.listAlerts({ limit: 2, cursor: null });
    await store.insertAlerts([sampleAlert("al_9", { receivedAt: after(9) })]);

    const second = await store.listAlerts({ limit: 2, cursor: first.next });

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(["al_3", "al_2", "al_1"]);
    expect(second.next).toBeNull();
  });

  test.each(["", "x", Buffer.from("1 al_1'; drop").toString("base64url")])(
    "a cursor %j that is none of ours is refused",
    async (cursor) => {
      const store = await newStore(engine);

      await expect(store.listAlerts({ limit: 2, cursor })).rejects.toThrow(RangeError);
    },
  );

  test("a summary tells what became of each address", async () => {
    const store = await newStore(engine);
    const rows = [[["src", ["203.0.113.9"]]], [["src", ["203.0.113.10"]]]] as const;
    await store.insertAlerts([
      sampleAlert("al_1", { rows }),
      sampleAlert("al_2", { receivedAt: after(1), sid: null, searchName: null }),
      sampleAlert("al_3", { receivedAt: after(2), rows: [] }),
    ]);
    const addresses = ["203.0.113.9", "203.0.113.10", "203.0.113.11", "203.0.113.12"];
    await store.recordSightings("al_1", addresses.map(sighting), t0);
    await store.failAlert("al_3", "no field with an address");
    const claimed = await store.claimSightings(sampleClaim());
    for (const { id, ip: address } of claimed.filter((one) => one.ip !== ip("203.0.113.12"))) {
      const action = address === "203.0.113.9" ? "block" : "watch";
      const decision = sampleDecision(`de_${address}`, { ip: address, action });
      await store.recordDecision(recordOf(decision, { sightingId: id }));
    }

    const { items } = await store.listAlerts({ limit: 9, cursor: null });

    const summary = {
      source: "splunk-webhook",
      sid: "scheduler__admin__search__1",
      searchName: "SSH brute force",
      rows: 1,
      sightings: 0,
      waiting: 0,
      decisions: {},
      error: null,
      isGenuine: null,
      doubt: null,
      recovery: null,
      noAddress: null,
    };
    expect(items).toEqual([
      { ...summary, id: "al_3", receivedAt: after(2), rows: 0, error: "no field with an address" },
      { ...summary, id: "al_2", receivedAt: after(1), sid: null, searchName: null },
      {
        ...summary,
        id: "al_1",
        receivedAt: t0,
        rows: 2,
        sightings: 4,
        waiting: 1,
        decisions: { block: 1, watch: 2 },
      },
    ]);
  });

  test("one alert comes with its addresses and the last decision about each", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert("al_1")]);
    await store.recordSightings("al_1", [sighting("203.0.113.9"), sighting("203.0.113.10")], t0);
    const claimed = await store.claimSightings(sampleClaim());
    const [held, waiting] = ["203.0.113.9", "203.0.113.10"].map((text) =>
      claimed.find((one) => one.ip === text),
    );
    const hold = sampleDecision("de_z", { action: "hold" });
    await store.recordDecision(recordOf(hold, { sightingId: held?.id ?? "" }));
    const approval = sampleDecision("de_a", { actor: "alice", decidedAt: after(60), expiresAt: after(999) });
    await store.recordDecision(recordOf(approval, { sightingId: "", answers: "de_z" }));
    await store.postponeSighting(waiting?.id ?? "", after(300), "virustotal: quota exhausted");

    const found = await store.alert("al_1");

    expect(found).toMatchObject({
      alert: sampleAlert("al_1"),
      summary: { id: "al_1", sightings: 2, waiting: 1, decisions: { hold: 1, block: 1 } },
      sightings: [
        {
          sighting: sighting("203.0.113.10"),
          decision: null,
          error: "virustotal: quota exhausted",
          dueAt: after(300),
        },
        {
          sighting: sighting("203.0.113.9"),
          alertId: "al_1",
          searchName: "SSH brute force",
          seenAt: t0,
          decision: { id: "de_a", actor: "alice" },
          error: null,
          dueAt: null,
        },
      ],
    });
    expect(await store.alert("al_none")).toBeUndefined();
  });

  test("of an alert with very many addresses the first 1,000 come", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert("al_1")]);
    const many = Array.from({ length: 1500 }, (_, n) => sighting(`198.18.${n >> 8}.${n & 255}`));
    await store.recordSightings("al_1", many, t0);

    const found = await store.alert("al_1");

    expect(found?.sightings).toHaveLength(1000);
    expect(found?.summary).toMatchObject({ sightings: 1500, waiting: 1500 });
  });

  test("an alert whose rows were damaged is still listed", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await store.insertAlerts([sampleAlert("al_1")]);
    await engine.tamper(databaseUrl, "update alerts set rows = 'x'");

    expect((await store.listAlerts({ limit: 9, cursor: null })).items).toMatchObject([
      { id: "al_1", rows: 1 },
    ]);
    expect(await store.alert("al_1")).toBeUndefined();
  });
});
