import { expect, test } from "vitest";
import { createClockCheck } from "../../src/enforce/clock-check.ts";
import { after } from "../fakes/samples.ts";
import { createReconciler } from "../../src/enforce/reconciler.ts";
import { a, desk, enforcementsOf, running } from "./enforce-desk.ts";

/** A clock that can be set wrong. */
function clocks() {
  let seconds = 0;
  let wrongBy = 0;
  return {
    now: () => after(seconds + wrongBy),
    elapsedMs: () => seconds * 1000,
    wait: (more: number) => {
      seconds += more;
    },
    jump: (by: number) => {
      wrongBy += by;
    },
  };
}

test("a clock that goes on as it did is steady; after a jump it is not for five minutes", () => {
  const { now, elapsedMs, wait, jump } = clocks();
  const warned: string[] = [];
  const isSteady = createClockCheck({
    now,
    elapsedMs,
    log: { warn: (_fields, message) => warned.push(message) },
  });
  expect(isSteady()).toBe(true);
  wait(3600);
  expect(isSteady()).toBe(true);

  jump(7200);
  expect(isSteady()).toBe(false);
  wait(299);
  expect(isSteady()).toBe(false);
  wait(1);
  expect(isSteady()).toBe(true);
  expect(warned).toHaveLength(1);
});

test("an hour ahead for a minute ends no block", async () => {
  const { store, firewall, block } = await desk();
  const clock = clocks();
  const reconciler = createReconciler({
    firewall,
    store,
    holder: "here-1",
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    now: clock.now,
    elapsedMs: clock.elapsedMs,
    protectedReason: () => null,
    isFor: () => true,
    isCanary: false,
    waitsFor: () => Promise.resolve(undefined),
    liftsOnly: false,
  });
  await block(a);
  await reconciler.step(running);
  clock.wait(61);
  clock.jump(7200);
  await reconciler.step(running);
  expect([...firewall.entries.keys()]).toEqual([a]);
  clock.jump(-7200);
  clock.wait(61);

  await reconciler.step(running);

  expect([...firewall.entries]).toEqual([[a, 3600 - 122]]);
  expect(await enforcementsOf(store, a)).toEqual([["verified", null]]);
});
