import { expect, test } from "vitest";
import { createCrowd } from "../../src/crowd.ts";

/** A crowd with a clock, and deliveries that wait until they are let go. */
function desk() {
  let now = 0;
  const crowd = createCrowd(() => now);
  const waiting: (() => void)[] = [];
  return {
    isCrowded: crowd.isCrowded,
    wait: (ms: number) => {
      now += ms;
    },
    deliver: (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.push(resolve);
        void crowd.during(() => promise);
      }
    },
    commit: async (): Promise<void> => {
      for (const done of waiting.splice(0)) {
        done();
      }
      await new Promise(setImmediate);
    },
  };
}

test("bursts of a sender are no crowd: 500 a second, ten at a time", async () => {
  const { deliver, commit, wait, isCrowded } = desk();

  for (let burst = 0; burst < 100; burst += 1) {
    deliver(10);
    await commit();
    wait(20);
    expect(isCrowded()).toBe(false);
  }
});

test("deliveries that come faster than they are committed are one, until a quarter of a second after", async () => {
  const { deliver, commit, wait, isCrowded } = desk();
  for (let burst = 0; burst < 25; burst += 1) {
    deliver(10);
    await commit();
    wait(5);
  }
  expect(isCrowded()).toBe(true);

  wait(249);
  expect(isCrowded()).toBe(false);
});

test("very many that wait are one, however slowly they came", () => {
  const { deliver, wait, isCrowded } = desk();
  for (let n = 0; n < 99; n += 1) {
    deliver(1);
    wait(1000);
  }
  expect(isCrowded()).toBe(false);

  deliver(1);

  expect(isCrowded()).toBe(true);
});
