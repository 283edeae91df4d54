import { expect, test } from "vitest";
import { createAllowList } from "../../src/decide/allow-list.ts";
import type { AllowEntry } from "../../src/domain/allow-entry.ts";
import { allowEntry } from "../fakes/allow-entry.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { after, t0 } from "../fakes/samples.ts";

function desk(fixed: readonly AllowEntry[] = []) {
  const log = keptLog();
  const world = { now: t0, ask: (): Promise<readonly AllowEntry[]> => Promise.resolve([]) };
  const store = { allowEntries: () => world.ask() };
  return { log, world, list: createAllowList({ fixed, store, now: () => world.now, log }) };
}

const networksOf = (entries: readonly AllowEntry[]) => entries.map(({ prefix }) => prefix);

test("entries of the settings count before anything is read, those of the store after it", async () => {
  const { list, world } = desk([allowEntry("9.1.0.0/16")]);
  world.ask = () => Promise.resolve([allowEntry("9.2.0.0/16")]);

  expect(networksOf(list.list())).toEqual(["9.1.0.0/16"]);
  await list.refresh();
  expect(networksOf(list.list())).toEqual(["9.1.0.0/16", "9.2.0.0/16"]);
});

test("an entry ends at its time without being read again, and comes back when the clock goes back", async () => {
  const { list, world } = desk([allowEntry("9.1.0.0/16", { expiresAt: after(60) })]);
  world.ask = () => Promise.resolve([allowEntry("9.2.0.0/16", { expiresAt: after(30) })]);
  await list.refresh();

  world.now = after(29);
  expect(list.list()).toHaveLength(2);
  world.now = after(30);
  expect(networksOf(list.list())).toEqual(["9.1.0.0/16"]);
  world.now = after(60);
  expect(list.list()).toEqual([]);
  world.now = t0;
  expect(list.list()).toHaveLength(2);
});

test("the list is the same object until something changes", async () => {
  const { list, world } = desk([allowEntry("9.1.0.0/16", { expiresAt: after(60) })]);
  world.ask = () => Promise.resolve([allowEntry("9.2.0.0/16")]);
  await list.refresh();
  const before = list.list();

  world.now = after(1);
  await list.refresh();
  expect(list.list()).toBe(before);

  world.ask = () => Promise.resolve([allowEntry("9.2.0.0/16", { reason: "another" })]);
  await list.refresh();
  expect(list.list()).not.toBe(before);
  expect(list.list()[1]?.reason).toBe("another");
});

test("a store that can't be read takes nothing away, and is told", async () => {
  const { list, world, log } = desk();
  world.ask = () => Promise.resolve([allowEntry("9.2.0.0/16")]);
  await list.refresh();
  world.ask = () => Promise.reject(new Error("disk full"));

  await list.refresh();

  expect(networksOf(list.list())).toEqual(["9.2.0.0/16"]);
  expect(log.lines).toEqual([expect.stringMatching(/^warn: the allow-list can't be read now.*disk full/)]);
});

test("an answer that comes late does not undo a newer one", async () => {
  const { list, world } = desk();
  const slow = Promise.withResolvers<readonly AllowEntry[]>();
  world.ask = () => slow.promise;
  const first = list.refresh();
  world.ask = () => Promise.resolve([allowEntry("9.2.0.0/16")]);
  await list.refresh();

  slow.resolve([]);
  await first;

  expect(networksOf(list.list())).toEqual(["9.2.0.0/16"]);
});
