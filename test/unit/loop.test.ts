import { expect, test } from "vitest";
import { startLoop } from "../../src/loop.ts";
import { silentLog } from "../fakes/silent-log.ts";

const forever = 2 ** 31 - 1;

/** Resolves when it was called `times` times. */
function countdown(times: number): { readonly done: Promise<void>; readonly call: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = times;
  return {
    done: promise,
    call: () => {
      left -= 1;
      if (left === 0) {
        resolve();
      }
    },
  };
}

test("a wake ends the pause", async () => {
  const twice = countdown(2);
  const loop = startLoop(
    "x",
    () => {
      twice.call();
      return Promise.resolve(forever);
    },
    silentLog,
  );

  await new Promise(setImmediate);
  loop.wake();

  await expect(twice.done).resolves.toBeUndefined();
  await loop.stop();
});

test("a wake during a step is not lost", async () => {
  const steps = countdown(2);
  const gate = Promise.withResolvers<void>();
  const loop = startLoop(
    "x",
    async () => {
      steps.call();
      await gate.promise;
      return forever;
    },
    silentLog,
  );

  loop.wake();
  gate.resolve();

  await expect(steps.done).resolves.toBeUndefined();
  await loop.stop();
});

test("steps never overlap", async () => {
  let running = 0;
  let most = 0;
  const steps = countdown(5);
  const loop = startLoop(
    "x",
    async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      steps.call();
      return 0;
    },
    silentLog,
  );

  loop.wake();
  loop.wake();
  await steps.done;
  await loop.stop();

  expect(most).toBe(1);
});

test("a step that throws is logged, and the loop goes on", async () => {
  const errors: object[] = [];
  const twice = countdown(2);
  const loop = startLoop(
    "x",
    () => {
      twice.call();
      return Promise.reject(new Error("boom"));
    },
    { ...silentLog, error: (fields) => void errors.push(fields) },
    1,
  );

  await twice.done;
  await loop.stop();

  expect(errors[0]).toEqual({ loop: "x", error: "boom" });
});

test("stop waits for the running step and tells it; twice is harmless", async () => {
  let ended = false;
  const started = Promise.withResolvers<void>();
  const loop = startLoop(
    "x",
    async (signal) => {
      started.resolve();
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => setImmediate(resolve));
      });
      ended = true;
      return 0;
    },
    silentLog,
  );
  await started.promise;

  await Promise.all([loop.stop(), loop.stop()]);

  expect(ended).toBe(true);
});

test("after a step that threw, wakes do not shorten the pause; stop does", async () => {
  let steps = 0;
  const loop = startLoop(
    "x",
    () => {
      steps += 1;
      return Promise.reject(new Error("boom"));
    },
    silentLog,
    forever,
  );

  for (let n = 0; n < 20; n += 1) {
    await new Promise(setImmediate);
    loop.wake();
  }
  await loop.stop();

  expect(steps).toBe(1);
});
