import { expect, test } from "vitest";
import type { Alert } from "../../src/domain/alert.ts";
import { createGroupCommit } from "../../src/ingest/group-commit.ts";

function alert(id: string): Alert {
  return {
    id,
    source: "t",
    sid: null,
    searchName: null,
    app: null,
    owner: null,
    resultsLink: null,
    rows: [],
    receivedAt: new Date(0),
  };
}

test("what arrives during a commit shares the next one", async () => {
  const batches: string[][] = [];
  const gate = Promise.withResolvers<void>();
  const accept = createGroupCommit(async (alerts) => {
    batches.push(alerts.map(({ id }) => id));
    if (batches.length === 1) {
      await gate.promise;
    }
    return alerts.map(() => true);
  });

  const first = accept(alert("a"));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  const others = ["b", "c", "d"].map((id) => accept(alert(id)));
  gate.resolve();

  expect(await Promise.all([first, ...others])).toEqual(["accepted", "accepted", "accepted", "accepted"]);
  expect(batches).toEqual([["a"], ["b", "c", "d"]]);
});

test("nobody is answered before the commit", async () => {
  const gate = Promise.withResolvers<void>();
  let answered = false;
  const accept = createGroupCommit(async (alerts) => {
    await gate.promise;
    return alerts.map(() => true);
  });

  const delivery = accept(alert("a")).then(() => {
    answered = true;
  });
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(answered).toBe(false);
  gate.resolve();
  await delivery;

  expect(answered).toBe(true);
});

test("each delivery hears its own outcome", async () => {
  const accept = createGroupCommit((alerts) => Promise.resolve(alerts.map(({ id }) => id !== "known")));

  const outcomes = await Promise.all([accept(alert("known")), accept(alert("new"))]);

  expect(outcomes).toEqual(["duplicate", "accepted"]);
});

test("a commit that fails fails its own deliveries only", async () => {
  let isBroken = true;
  const accept = createGroupCommit((alerts) =>
    isBroken ? Promise.reject(new Error("disk full")) : Promise.resolve(alerts.map(() => true)),
  );

  await expect(accept(alert("a"))).rejects.toThrow("disk full");
  isBroken = false;

  expect(await accept(alert("b"))).toBe("accepted");
});

test("a commit that throws at once fails its deliveries too", async () => {
  const accept = createGroupCommit(() => {
    throw new Error("closed");
  });

  await expect(accept(alert("a"))).rejects.toThrow("closed");
});
