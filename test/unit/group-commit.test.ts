import { expect, test } from "vitest";
import { createGroup } from "../../src/group-commit.ts";

/** Two turns of the event loop: enough for a commit to begin. */
async function turns(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

test("what arrives during a commit shares the next one", async () => {
  const batches: (readonly string[])[] = [];
  const gate = Promise.withResolvers<void>();
  const commit = createGroup(async (items: readonly string[]) => {
    batches.push(items);
    if (batches.length === 1) {
      await gate.promise;
    }
    return items.map((item) => item.toUpperCase());
  });

  const first = commit("a");
  await turns();
  const others = ["b", "c", "d"].map(commit);
  gate.resolve();

  expect(await Promise.all([first, ...others])).toEqual(["A", "B", "C", "D"]);
  expect(batches).toEqual([["a"], ["b", "c", "d"]]);
});

test("nobody is answered before the commit", async () => {
  const gate = Promise.withResolvers<void>();
  let isAnswered = false;
  const commit = createGroup(async (items: readonly string[]) => {
    await gate.promise;
    return items;
  });

  const delivery = commit("a").then(() => {
    isAnswered = true;
  });
  await turns();
  expect(isAnswered).toBe(false);
  gate.resolve();
  await delivery;

  expect(isAnswered).toBe(true);
});

test("no commit holds more than the limit, and none is forgotten", async () => {
  const sizes: number[] = [];
  const commit = createGroup(
    (items: readonly number[]) => {
      sizes.push(items.length);
      return Promise.resolve(items);
    },
    { limit: 4 },
  );

  const results = await Promise.all(Array.from({ length: 10 }, (_, n) => commit(n)));

  expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(sizes).toEqual([4, 4, 2]);
});

test("a commit that fails fails its own items only", async () => {
  let isBroken = true;
  const commit = createGroup((items: readonly string[]) =>
    isBroken ? Promise.reject(new Error("disk full")) : Promise.resolve(items),
  );

  await expect(commit("a")).rejects.toThrow("disk full");
  isBroken = false;

  expect(await commit("b")).toBe("b");
});

test("a commit that throws at once fails its items too", async () => {
  const commit = createGroup((_items: readonly string[]): Promise<readonly string[]> => {
    throw new Error("closed");
  });

  await expect(commit("a")).rejects.toThrow("closed");
});

test("the slower the last commit, the longer it may gather", async () => {
  let clockMs = 0;
  const asked: number[] = [];
  const commit = createGroup(
    (items: readonly string[]) => {
      clockMs += 6;
      return Promise.resolve(items);
    },
    {
      clock: () => clockMs,
      gatherMs: (lastCommitMs) => {
        asked.push(lastCommitMs);
        return 0;
      },
    },
  );

  await commit("a");
  await commit("b");

  expect(asked).toEqual([0, 6]);
});
