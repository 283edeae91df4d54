import { describe, expect, test } from "vitest";
import { createCanaryRule } from "../../src/enforce/canary-rule.ts";
import { createFakeFirewall } from "../fakes/firewall.ts";
import { stateOn, twoFirewalls, twoWellFirewalls } from "./canary-desk.ts";
import { a, b, desk, enforcementsOf, running, unreachable } from "./enforce-desk.ts";

describe("a new block", () => {
  test("goes to the other firewalls when the canary has verified it and still answers", async () => {
    const { store, firewall, canary, step, stepCanary, block } = await twoFirewalls();
    await stepCanary();
    await step();
    await block(a);

    await step();
    expect([...firewall.entries]).toEqual([]);
    await stepCanary();
    await step();

    expect([...canary.entries]).toEqual([[a, 3600]]);
    expect([...firewall.entries]).toEqual([[a, 3600]]);
    expect(await enforcementsOf(store, a)).toEqual([
      ["verified", null],
      ["verified", null],
    ]);
  });

  test("is tried for a minute first, so that a canary which cut itself off comes back by itself", async () => {
    const { canary, stepCanary, block } = await twoFirewalls();
    await stepCanary();
    await block(a);

    await stepCanary();

    const applied = canary.calls.flatMap((call) =>
      typeof call === "object" && "apply" in call ? [call.apply] : [],
    );
    expect(applied).toEqual([
      [{ kind: "add", prefix: a, seconds: 60 }],
      [{ kind: "add", prefix: a, seconds: 3600 }],
    ]);
  });

  test("is taken off the canary again and goes nowhere else when it does not answer afterwards", async () => {
    const both = await twoWellFirewalls();
    const { store, firewall, canary, step, stepCanary, block, wait, logged, harmful } = both;
    await block(a);
    harmful.add(a);

    await stepCanary();
    await step();
    wait(61);
    await stepCanary();
    await step();

    expect([...canary.entries.keys()]).toEqual([b]);
    expect([...firewall.entries.keys()]).toEqual([b]);
    expect(await stateOn(store, a, "canary-1")).toMatchObject({
      state: "withdrawn",
      error: "canary-1 as canary: its default gateway does not answer",
    });
    expect(await stateOn(store, a, "edge-1")).toMatchObject({ state: "requested" });
    expect(logged.join("\n")).toContain("new blocks were taken off the canary again");
  });

  test("also when the canary's answer to the trial never comes", async () => {
    const { store, firewall, step, stepCanary, block, wait, deadly } = await twoWellFirewalls();
    await block(a);
    deadly.add(a);

    await stepCanary();
    wait(40);
    await step();

    expect([...firewall.entries.keys()]).toEqual([b]);
    expect((await stateOn(store, a, "canary-1"))?.state).toBe("withdrawn");
  });

  test("is tried again after five minutes, and then goes everywhere", async () => {
    const { firewall, canary, step, stepCanary, block, wait, harmful } = await twoWellFirewalls();
    await block(a);
    harmful.add(a);
    await stepCanary();
    harmful.clear();
    wait(301);

    await stepCanary();
    await stepCanary();
    await step();

    expect([...canary.entries.keys()]).toEqual([b, a]);
    expect([...firewall.entries.keys()]).toEqual([b, a]);
  });

  test("waits half a minute for a canary that does not answer, and no longer", async () => {
    const { firewall, canary, step, stepCanary, block, wait } = await twoFirewalls();
    canary.down = unreachable;
    await stepCanary();
    await step();
    await block(a);
    await step();
    expect([...firewall.entries]).toEqual([]);

    wait(31);
    await step();

    expect([...firewall.entries.keys()]).toEqual([a]);
  });

  test("does not wait for a canary that has been unreachable for long", async () => {
    const { firewall, canary, step, stepCanary, block, wait } = await twoFirewalls();
    canary.down = unreachable;
    await stepCanary();
    await step();
    wait(40);
    await block(a);

    await step();

    expect([...firewall.entries.keys()]).toEqual([a]);
  });
});

test("what stands on a firewall stays there when a canary is new", async () => {
  const { firewall, create, store, now, step, block, wait } = await desk();
  await block(a, {}, ["edge-1"]);
  await step();
  const canary = createFakeFirewall("canary-1");
  canary.down = unreachable;
  const waitsFor = createCanaryRule({ canaries: ["canary-1"], store, now });
  await store.requestEnforcements(
    "canary-1",
    (await store.standingBlocks(now())).map(({ id }) => id),
    now(),
  );
  wait(5);

  await create("here-1", { waitsFor }).step(running);

  expect([...firewall.entries.keys()]).toEqual([a]);
});

describe("a firewall of some groups", () => {
  test("gets the blocks of its groups and of all", async () => {
    const { firewall, step, block } = await desk({
      isFor: (groups) => groups === null || groups.includes("dmz"),
    });
    await block(a, {}, [], ["edge"]);
    await block(b, {}, [], null);

    await step();

    expect([...firewall.entries.keys()]).toEqual([b]);
  });

  test("loses the blocks of groups that it has left, and they say so", async () => {
    let groups = ["dmz"];
    const { store, firewall, step, block, wait } = await desk({
      isFor: (wanted) => wanted === null || wanted.some((group) => groups.includes(group)),
    });
    await block(a, {}, ["edge-1"], ["dmz"]);
    await step();
    groups = ["edge"];
    wait(61);

    await step();

    expect([...firewall.entries]).toEqual([]);
    expect(await enforcementsOf(store, a)).toEqual([["refused", "it is for firewalls of dmz"]]);
  });
});
