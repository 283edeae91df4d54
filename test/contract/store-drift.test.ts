import { expect, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { after, ip, sampleAlert, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const sighting = { ip: ip("203.0.113.9"), count: 1, fields: ["src"], severity: null };

/** An alert that was read. */
async function read(store: Store, id: string, changes: Parameters<typeof sampleAlert>[1], named = false) {
  await store.insertAlerts([sampleAlert(id, changes)]);
  await store.recordSightings(id, named ? [sighting] : [], t0);
}

const long = "n".repeat(150);

describeStore("the store's alerts without an address", (engine) => {
  test("are told with their fields, once they were read", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert("al_1", { receivedAt: after(1) })]);
    await read(store, "al_2", {
      receivedAt: after(2),
      rows: [
        [["attacker", ["mallory"]]],
        [
          ["attacker", ["eve"]],
          ["__proto__", []],
          [long, ["x"]],
        ],
      ],
    });
    await read(store, "al_3", { receivedAt: after(3), rows: [] });
    await read(store, "al_4", { receivedAt: after(4), rows: [[["_raw", ["x".repeat(70_000)]]]] });
    await read(store, "al_5", { receivedAt: after(5) }, true);
    await read(store, "al_6", {
      receivedAt: after(6),
      rows: [Array.from({ length: 60 }, (_, n) => [`f${n}`, []] as const)],
    });

    const { items } = await store.listAlerts({ limit: 9, cursor: null });

    expect(Object.fromEntries(items.slice(1).map(({ id, noAddress }) => [id, noAddress]))).toEqual({
      al_1: null,
      al_2: { fields: ["attacker", "__proto__", long.slice(0, 100)] },
      al_3: { fields: [] },
      al_4: { fields: null },
      al_5: null,
    });
    expect(items[0]?.noAddress?.fields).toHaveLength(50);
    expect((await store.alert("al_2"))?.summary.noAddress).toEqual(items[4]?.noAddress);
  });

  test("make their search known when none of its alerts names one", async () => {
    const store = await newStore(engine);
    const rows = [[["attacker", ["mallory"]]]] as const;
    await read(store, "al_1", { searchName: "VPN", rows: [[["old", ["x"]]]] });
    await read(store, "al_2", { searchName: "VPN", rows, receivedAt: after(2) });
    await read(store, "al_3", { searchName: "SSH", rows });
    await read(store, "al_4", { searchName: "SSH" }, true);
    await read(store, "al_5", { searchName: null, rows: [] });
    await read(store, "al_6", { searchName: "before", rows, receivedAt: after(-60) });
    await store.insertAlerts([sampleAlert("al_7", { searchName: "waits" })]);
    await store.insertAlerts([sampleAlert("al_8", { searchName: "failed" })]);
    await store.failAlert("al_8", "a bug");

    expect(await store.searchesWithoutAddresses(after(-1))).toEqual([
      { searchName: "VPN", alerts: 2, fields: ["attacker"] },
      { searchName: null, alerts: 1, fields: [] },
    ]);
  });
});

describeStore("the store's unreadable deliveries", (engine) => {
  test("come page by page, newest first, as they were kept", async () => {
    const store = await newStore(engine);
    for (let n = 0; n < 3; n += 1) {
      await store.keepUnreadable({
        receivedAt: after(n),
        remoteAddress: "192.0.2.1",
        reason: `no JSON ${n}\0`,
        body: Buffer.from([0, 255, n]),
      });
    }

    const first = await store.listUnreadable({ limit: 2, cursor: null });
    const second = await store.listUnreadable({ limit: 2, cursor: first.next });
    const [newest] = first.items;

    expect([...first.items, ...second.items].map(({ receivedAt }) => receivedAt)).toEqual([
      after(2),
      after(1),
      after(0),
    ]);
    expect(second.next).toBeNull();
    expect(newest).toMatchObject({ remoteAddress: "192.0.2.1", reason: "no JSON 2\ufffd" });
    expect([...(newest?.body ?? [])]).toEqual([0, 255, 2]);
    expect(await store.unreadable(newest?.id ?? "")).toEqual(newest);
    expect(await store.unreadable("none")).toBeUndefined();
    await expect(store.listUnreadable({ limit: 2, cursor: "x" })).rejects.toThrow(RangeError);
  });
});
