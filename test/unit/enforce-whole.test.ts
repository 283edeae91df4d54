import { describe, expect, test } from "vitest";
import { forever } from "../../src/domain/block.ts";
import { prefix } from "../fakes/samples.ts";
import { a, b, desk, enforcementsOf } from "./enforce-desk.ts";

describe("a firewall that has lost nearly everything", () => {
  test("is built anew at once, and every block is verified again", async () => {
    const { store, firewall, step, block, wait } = await desk();
    const networks = Array.from({ length: 1001 }, (_, n) => prefix(`198.18.${n >> 8}.${n & 255}/32`));
    for (const network of networks) {
      await block(network);
    }
    await step();
    firewall.entries.clear();
    firewall.calls.length = 0;
    wait(61);

    await step();

    expect(firewall.calls).toMatchObject(["read", { isRebuild: true }]);
    expect(firewall.entries.size).toBe(1001);
    const [record] = await store.firewalls();
    expect(record?.lastDrift?.findings).toEqual([expect.stringMatching(/^1001 networks were missing: /)]);
  });
});

describe("a block without end", () => {
  test("never ends in the kernel either", async () => {
    const { firewall, step, block, wait } = await desk();
    await block(a, { expiresAt: forever });
    await step();
    expect([...firewall.entries]).toEqual([[a, Number.POSITIVE_INFINITY]]);
    firewall.calls.length = 0;
    wait(61);

    await step();

    expect(firewall.calls).toEqual(["read"]);
  });
});

describe("what a block has dropped", () => {
  test("is read from the kernel every minute and kept", async () => {
    const { store, firewall, step, block, wait } = await desk();
    await block(a);
    await step();
    firewall.drops.set(a, { packets: 7, bytes: 420 });
    wait(61);

    await step();

    const { enforcements } = await store.story(`de_${a}_0`);
    expect(enforcements).toMatchObject([{ packets: 7, bytes: 420 }]);
  });

  test("goes on counting when the entry was made anew", async () => {
    const { store, firewall, step, block, wait } = await desk();
    await block(a);
    await step();
    for (const packets of [7, 2, 5]) {
      firewall.drops.set(a, { packets, bytes: packets * 60 });
      wait(61);
      await step();
    }

    const { enforcements } = await store.story(`de_${a}_0`);
    expect(enforcements).toMatchObject([{ packets: 12, bytes: 720 }]);
  });
});

test("a block whose time is over is marked as expired", async () => {
  const { store, firewall, step, block, wait } = await desk();
  await block(a);
  await step();
  wait(3601);
  firewall.entries.clear();

  await step();

  expect(await enforcementsOf(store, a)).toEqual([["expired", null]]);
});

test("a block that is in the list while packets may still pass is applied, not verified", async () => {
  const { store, firewall, step, block, wait } = await desk();
  await step();
  firewall.troubled.set(b, { outcome: "applied", reason: "the jump could not be put in place" });
  await block(b);

  await step();
  await step();

  expect(await enforcementsOf(store, b)).toEqual([["applied", "the jump could not be put in place"]]);
  firewall.troubled.clear();
  firewall.entries.delete(b);
  wait(61);
  await step();
  expect(await enforcementsOf(store, b)).toEqual([["verified", null]]);
});
