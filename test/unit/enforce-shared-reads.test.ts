import { expect, test } from "vitest";
import { createSharedReads } from "../../src/enforce/shared-reads.ts";

/** Reads that end when they are told to. */
function slowReads() {
  const started: PromiseWithResolvers<number>[] = [];
  const read = createSharedReads(() => {
    const one = Promise.withResolvers<number>();
    started.push(one);
    return one.promise;
  });
  return { started, read };
}

test("callers at the same time share one read", async () => {
  const { started, read } = slowReads();

  const both = Promise.all([read(), read()]);
  await expect.poll(() => started.length).toBe(1);
  started[0]?.resolve(1);

  expect(await both).toEqual([1, 1]);
  expect(started).toHaveLength(1);
});

test("a caller never gets what was begun before it asked", async () => {
  const { started, read } = slowReads();
  const first = read();
  await expect.poll(() => started.length).toBe(1);

  const later = Promise.all([read(), read()]);
  started[0]?.resolve(1);
  await expect.poll(() => started.length).toBe(2);
  started[1]?.resolve(2);

  expect(await first).toBe(1);
  expect(await later).toEqual([2, 2]);
});

test("a read that failed fails for those who shared it and for nobody else", async () => {
  const { started, read } = slowReads();
  const first = read();
  await expect.poll(() => started.length).toBe(1);
  const second = read();
  started[0]?.reject(new Error("no database"));

  await expect(first).rejects.toThrow("no database");
  await expect.poll(() => started.length).toBe(2);
  started[1]?.resolve(2);
  expect(await second).toBe(2);
});
