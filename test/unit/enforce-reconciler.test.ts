import { describe, expect, test } from "vitest";
import type { IpPrefix } from "../../src/domain/ip-address.ts";
import { after, ip, prefix, t0 } from "../fakes/samples.ts";
import { a, b, desk, enforcementsOf } from "./enforce-desk.ts";

describe("a reconciler", () => {
  test("looks at the whole firewall first, makes it hold what stands, and records both", async () => {
    const { store, firewall, step, block } = await desk();
    await block(a);
    firewall.entries.set(b, 60);
    firewall.ownAddresses = [ip("198.51.100.1")];

    const pauseMs = await step();

    expect([...firewall.entries]).toEqual([[a, 3600]]);
    expect(await enforcementsOf(store, a)).toEqual([["verified", null]]);
    expect(await store.firewalls()).toMatchObject([
      { name: "edge-1", state: "in-sync", error: null, inSyncAt: t0, ownAddresses: ["198.51.100.1"] },
    ]);
    expect(pauseMs).toBe(2000);
  });

  test("then makes only what is requested, in one call", async () => {
    const { store, firewall, step, block } = await desk();
    await step();
    await block(a);
    await block(b);

    await step();

    const changes = firewall.calls.flatMap((call) => (call === "read" ? [] : call.apply));
    expect(firewall.calls).toHaveLength(2);
    expect(changes.toSorted((x, y) => x.prefix.localeCompare(y.prefix))).toEqual([
      { kind: "add", prefix: a, seconds: 3600 },
      { kind: "add", prefix: b, seconds: 3600 },
    ]);
    expect(await enforcementsOf(store, b)).toEqual([["verified", null]]);
  });

  test("does nothing when nothing is requested", async () => {
    const { firewall, step, block } = await desk();
    await block(a);
    await step();
    firewall.calls.length = 0;

    await step();

    expect(firewall.calls).toEqual([]);
  });

  test("looks at everything again every minute, and writes nothing when all is right", async () => {
    const { firewall, step, block, wait } = await desk();
    await block(a);
    await step();
    firewall.calls.length = 0;
    wait(61);
    firewall.entries.set(a, 3539);

    await step();

    expect(firewall.calls).toEqual(["read"]);
  });

  test.each([
    ["a missing entry", (entries: Map<IpPrefix, number>) => entries.delete(a)],
    ["a foreign entry", (entries: Map<IpPrefix, number>) => entries.set(b, 99)],
    ["an entry that ends too early", (entries: Map<IpPrefix, number>) => entries.set(a, 10)],
    [
      "an entry that never ends",
      (entries: Map<IpPrefix, number>) => entries.set(a, Number.POSITIVE_INFINITY),
    ],
  ])("puts %s right within a minute", async (_what, harm) => {
    const { firewall, step, block, wait } = await desk();
    await block(a);
    await step();
    harm(firewall.entries);
    wait(61);

    await step();

    expect([...firewall.entries]).toEqual([[a, 3539]]);
  });

  test("has the drop rules put in place also when every entry is there", async () => {
    const { firewall, step, wait } = await desk();
    await step();
    firewall.faults = ["IPv4: the jump is missing"];
    wait(61);

    await step();

    expect(firewall.calls).toEqual(["read", "read", { apply: [] }]);
    expect(firewall.faults).toEqual([]);
  });

  test("looks at everything at once when a change found the drop rules missing", async () => {
    const { firewall, step, block } = await desk();
    await block(a);
    await step();
    firewall.entries.clear();
    firewall.faults = ["set portcullis4 was missing"];
    await block(b);

    expect(await step()).toBe(0);
    await step();

    expect([...firewall.entries.keys()].sort()).toEqual([a, b]);
  });

  test("takes a lifted block off and says so", async () => {
    const { store, firewall, step, block, lift } = await desk();
    await block(a);
    await step();
    await lift(a);

    await step();

    expect([...firewall.entries]).toEqual([]);
    expect(await enforcementsOf(store, a)).toEqual([["lifted", null]]);
  });

  test("a block lifted while the firewall was away is lifted by the next look at everything", async () => {
    const { store, firewall, step, block, lift } = await desk();
    await block(a);
    firewall.entries.set(a, 3600);
    await lift(a);

    await step();

    expect([...firewall.entries]).toEqual([]);
    expect(await enforcementsOf(store, a)).toEqual([["lifted", null]]);
  });

  test("leaves the end of a block to the kernel", async () => {
    const { firewall, step, block, wait } = await desk();
    await block(a, { expiresAt: after(30) });
    await step();
    wait(31);

    await step();

    expect(firewall.calls).toHaveLength(2);
  });

  test("blocks that stood before the firewall was there are put on it", async () => {
    const { store, firewall, step, block } = await desk();
    await block(a, {}, []);

    await step();

    expect([...firewall.entries.keys()]).toEqual([a]);
    expect(await enforcementsOf(store, a)).toEqual([["verified", null]]);
  });
});

test("brings 3,000 blocks in line in one round", async () => {
  const { firewall, step, block } = await desk();
  await Promise.all(Array.from({ length: 3000 }, (_, n) => block(prefix(`60.0.${n >> 8}.${n & 255}/32`))));

  await step();

  expect(firewall.entries.size).toBe(3000);
});
