import { describe, expect, test } from "vitest";
import { createCanaryRule } from "../../src/enforce/canary-rule.ts";
import { createFakeFirewall } from "../fakes/firewall.ts";
import { prefix } from "../fakes/samples.ts";
import { stateOn, twoWellFirewalls } from "./canary-desk.ts";
import { a, b, running, unreachable } from "./enforce-desk.ts";

describe("a canary", () => {
  test("that dies between two blocks holds them up for half a minute, not for ever", async () => {
    const { store, firewall, canary, step, stepCanary, block, wait } = await twoWellFirewalls();
    canary.down = unreachable;
    await block(a);
    await stepCanary();
    wait(31);

    await step();

    expect([...firewall.entries.keys()]).toEqual([b, a]);
    expect((await stateOn(store, a, "canary-1"))?.state).toBe("requested");
  });

  test("that stays silent after its trial is over in the kernel bars nothing any more", async () => {
    const { firewall, canary, step, stepCanary, block, wait, deadly } = await twoWellFirewalls();
    await block(a);
    deadly.add(a);
    await stepCanary();
    canary.down = unreachable;
    await stepCanary();
    wait(60);
    await step();
    expect([...firewall.entries.keys()]).toEqual([b]);
    wait(61);
    await stepCanary();

    await step();

    expect([...firewall.entries.keys()]).toEqual([b, a]);
  });

  test("finds the one block of a batch that does harm, and the others go everywhere", async () => {
    const { store, firewall, canary, step, stepCanary, block, wait, harmful } = await twoWellFirewalls();
    const batch = Array.from({ length: 11 }, (_, n) => prefix(`203.0.113.${100 + n}/32`));
    for (const network of batch) {
      await block(network);
    }
    const bad = prefix("203.0.113.107/32");
    harmful.add(bad);
    await stepCanary();
    for (let minutes = 0; minutes < 12; minutes += 1) {
      wait(61);
      await stepCanary();
      await step();
    }

    const good = [b, ...batch].filter((network) => network !== bad).toSorted();
    expect([...firewall.entries.keys()].toSorted()).toEqual(good);
    expect([...canary.entries.keys()].toSorted()).toEqual(good);
    expect((await stateOn(store, bad, "canary-1"))?.state).toBe("withdrawn");
  });

  test("repairs what stood before without putting it on trial", async () => {
    const { canary, stepCanary, block, wait, harmful } = await twoWellFirewalls();
    canary.entries.set(b, 5000);
    harmful.add(a);
    await block(a);
    wait(61);

    await stepCanary();

    expect([...canary.entries]).toEqual([[b, 3539]]);
  });

  test("is waited for after a restart, however long that took", async () => {
    const { create, store, now, firewall, block, wait } = await twoWellFirewalls();
    wait(600);
    await block(a);
    const restarted = create("here-1", {
      waitsFor: createCanaryRule({ canaries: ["canary-1"], store, now }),
    });

    await restarted.step(running);

    expect([...firewall.entries.keys()]).toEqual([b]);
  });

  test("that is dead delays nothing while another is well", async () => {
    const { create, store, now, firewall, canary, stepCanary, block, wait } = await twoWellFirewalls();
    const other = createFakeFirewall("canary-2");
    const stepOther = create("here-1", { firewall: other, isCanary: true });
    const waitsFor = createCanaryRule({ canaries: ["canary-1", "canary-2"], store, now });
    const reconciler = create("here-1", { waitsFor });
    canary.down = unreachable;
    for (let seconds = 0; seconds < 180; seconds += 30) {
      wait(30);
      await stepCanary();
      await stepOther.step(running);
    }
    await block(a, ["canary-1", "canary-2", "edge-1"]);
    await stepOther.step(running);

    await reconciler.step(running);

    expect([...firewall.entries.keys()]).toContain(a);
  });

  test("that is none any more is asked for what it had withdrawn", async () => {
    const { create, canary, store, stepCanary, block, harmful } = await twoWellFirewalls();
    await block(a);
    harmful.add(a);
    await stepCanary();
    harmful.clear();

    await create("here-1", { firewall: canary }).step(running);

    expect([...canary.entries.keys()]).toEqual([b, a]);
    expect((await stateOn(store, a, "canary-1"))?.state).toBe("verified");
    expect((await store.firewalls()).find(({ name }) => name === "canary-1")?.drifts).toBe(0);
  });
});
