import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { createRefreshLists } from "../../src/enrich/refresh-lists.ts";
import type { DownloadedList, Log, PrefixListRecord, PrefixListSource } from "../../src/ports.ts";
import { after, prefix, t0 } from "../fakes/samples.ts";
import { manyNetworks } from "../fakes/spamhaus.ts";

const hour = 3600;
const day = 24 * hour;
const signal = new AbortController().signal;

function listOf(count: number, etag: string | null = null): DownloadedList {
  return {
    etag,
    version: `v${count}`,
    networks: manyNetworks(count).map((network) => ({ prefix: prefix(network), note: "" })),
  };
}

/** A list of the name, with what its service will say, and what was asked of it. */
function sourceOf(name: string, changes: Partial<PrefixListSource> = {}) {
  const asked: (string | null)[] = [];
  const next: { answer: () => "unchanged" | DownloadedList } = { answer: () => listOf(100) };
  const source: PrefixListSource = {
    name,
    refreshSeconds: day,
    usableSeconds: 7 * day,
    leastEntries: 10,
    download: async (etag) => {
      asked.push(etag);
      return next.answer();
    },
    ...changes,
  };
  return { source, asked, next };
}

function createDesk(sources: readonly PrefixListSource[], records: readonly PrefixListRecord[] = []) {
  const kept = new Map(records.map((record) => [record.name, record]));
  const clock = { now: t0 };
  const told: (readonly PrefixListRecord[])[] = [];
  const lines: { readonly level: string; readonly fields: object }[] = [];
  const line =
    (level: string) =>
    (fields: object): void => {
      lines.push({ level, fields });
    };
  const log: Log = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  const refresh = createRefreshLists({
    sources,
    store: {
      prefixLists: async () => [...kept.values()],
      savePrefixList: async (list) => void kept.set(list.name, list),
      confirmPrefixList: async (name, checkedAt) => {
        const list = kept.get(name);
        if (list !== undefined) {
          kept.set(name, { ...list, checkedAt });
        }
      },
    },
    onLists: (lists) => told.push(lists),
    now: () => clock.now,
    log,
  });
  return { refresh, kept, clock, told, lines, sizeOf: (name: string) => kept.get(name)?.networks.length };
}

function record(name: string, count: number, changes: Partial<PrefixListRecord> = {}): PrefixListRecord {
  return { name, ...listOf(count, '"old"'), fetchedAt: t0, checkedAt: t0, ...changes };
}

const fails = (retryAfterMs?: number) => () => {
  throw new AppError("PROVIDER_QUOTA_EXHAUSTED", "X: quota exhausted", { retryable: true, retryAfterMs });
};

describe("refreshing lists", () => {
  test("downloads what is not there, keeps it, tells it, and waits", async () => {
    const { source, asked } = sourceOf("a");
    const { refresh, kept, told } = createDesk([source]);

    await expect(refresh(signal)).resolves.toBe(hour * 1000);
    await expect(refresh(signal)).resolves.toBe(hour * 1000);

    expect(asked).toEqual([null]);
    expect(kept.get("a")).toEqual({ name: "a", ...listOf(100), fetchedAt: t0, checkedAt: t0 });
    expect(told.map((lists) => lists.length)).toEqual([0, 1]);
  });

  test("tells what is kept before it asks anybody, so that it counts after a restart without a network", async () => {
    const { source, next } = sourceOf("a");
    const { refresh, told, clock } = createDesk([source], [record("a", 50)]);
    clock.now = after(2 * day);
    let toldBefore = 0;
    next.answer = () => {
      toldBefore = told.length;
      return listOf(100);
    };

    await refresh(signal);

    expect(toldBefore).toBe(1);
    expect(told[0]?.[0]?.networks).toHaveLength(50);
    expect(told[1]?.[0]?.networks).toHaveLength(100);
  });

  test.each([
    [day - 1, 0],
    [day, 1],
  ])("%d s after it was checked it is asked for %d times, naming its version", async (seconds, times) => {
    const { source, asked } = sourceOf("a");
    const { refresh, clock } = createDesk([source], [record("a", 50)]);
    clock.now = after(seconds);

    await refresh(signal);

    expect(asked).toEqual(Array(times).fill('"old"'));
  });

  test("one that has not changed is confirmed", async () => {
    const { source, next } = sourceOf("a");
    const { refresh, kept, clock, told } = createDesk([source], [record("a", 50)]);
    next.answer = () => "unchanged";
    clock.now = after(day);

    await refresh(signal);

    expect(kept.get("a")).toMatchObject({ fetchedAt: t0, checkedAt: after(day) });
    expect(told).toHaveLength(2);
  });

  test.each([
    ["empty", 0, 50],
    ["too short", 9, 15],
    ["less than half", 49, 99],
  ])("a list that is %s does not replace a good one, and the log tells it", async (_name, count, before) => {
    const { source, next } = sourceOf("a");
    const { refresh, clock, lines, sizeOf, kept } = createDesk([source], [record("a", before)]);
    next.answer = () => listOf(count);
    clock.now = after(day);

    await refresh(signal);

    expect(sizeOf("a")).toBe(before);
    expect(kept.get("a")?.checkedAt).toEqual(t0);
    expect(lines).toMatchObject([
      { level: "warn", fields: { list: "a", error: expect.stringContaining(`has ${count} networks`) } },
    ]);
  });

  test.each([
    ["half of it", 50, 100, day],
    ["more", 200, 100, day],
    ["less than half of one that can't be used any more", 10, 100, 7 * day],
  ])("a list that is %s replaces the old one", async (_name, count, before, seconds) => {
    const { source, next } = sourceOf("a");
    const { refresh, clock, sizeOf } = createDesk([source], [record("a", before)]);
    next.answer = () => listOf(count);
    clock.now = after(seconds);

    await refresh(signal);

    expect(sizeOf("a")).toBe(count);
  });

  test("an empty list is refused also when there is none, and when none is too short", async () => {
    const { source, next } = sourceOf("a", { leastEntries: 0 });
    const { refresh, kept } = createDesk([source]);
    next.answer = () => listOf(0);

    await refresh(signal);

    expect(kept.size).toBe(0);
  });

  test.each([
    [undefined, hour],
    [60_000, hour],
    [3 * hour * 1000, 3 * hour],
    [90 * hour * 1000, day],
  ])("after a failure that asks for %d ms it waits %d s", async (retryAfterMs, seconds) => {
    const { source, asked, next } = sourceOf("a");
    const { refresh, clock } = createDesk([source]);
    next.answer = fails(retryAfterMs);
    await refresh(signal);

    clock.now = after(seconds - 1);
    await expect(refresh(signal)).resolves.toBe(1000);
    expect(asked).toHaveLength(1);
    clock.now = after(seconds);
    await refresh(signal);
    expect(asked).toHaveLength(2);
  });

  test("failures one after the other keep within five downloads a day", async () => {
    const { source, asked, next } = sourceOf("a");
    const { refresh, clock } = createDesk([source]);
    next.answer = fails();
    for (let seconds = 0; seconds < day; seconds += 600) {
      clock.now = after(seconds);
      await refresh(signal);
    }

    expect(asked).toHaveLength(5);
  });

  test("after it has worked, the next failure counts as the first", async () => {
    const { source, asked, next } = sourceOf("a");
    const { refresh, clock } = createDesk([source]);
    const answers = [fails(), () => listOf(100), fails()];
    for (const [index, seconds] of [0, hour, day + hour].entries()) {
      next.answer = answers[index] ?? fails();
      clock.now = after(seconds);
      await refresh(signal);
    }
    clock.now = after(day + 2 * hour);
    await refresh(signal);

    expect(asked).toHaveLength(4);
  });

  test("one that fails, or has a bug, does not keep the others from theirs", async () => {
    const broken = sourceOf("broken");
    const { source } = sourceOf("a");
    const { refresh, kept, lines } = createDesk([broken.source, source]);
    broken.next.answer = () => {
      throw new TypeError("bug");
    };

    await expect(refresh(signal)).resolves.toBe(hour * 1000);

    expect([...kept.keys()]).toEqual(["a"]);
    expect(lines.map(({ level }) => level)).toEqual(["warn", "info"]);
  });

  test("takes over what another replica has downloaded, without asking", async () => {
    const { source, asked } = sourceOf("a");
    const { refresh, kept, clock, told } = createDesk([source], [record("a", 50)]);
    await refresh(signal);
    kept.set("a", record("a", 70, { fetchedAt: after(day), checkedAt: after(day) }));
    clock.now = after(day + 60);

    await refresh(signal);

    expect(asked).toEqual([]);
    expect(told.map(([list]) => list?.networks.length)).toEqual([50, 70]);
  });

  test("a clock that was put back does not put the next download off", async () => {
    const { source, asked } = sourceOf("a");
    const { refresh, clock } = createDesk([source], [record("a", 50, { checkedAt: after(300 * day) })]);

    await refresh(signal);
    expect(asked).toHaveLength(1);
    clock.now = after(60);
    await refresh(signal);
    expect(asked).toHaveLength(1);
  });

  test("a stop in the middle is no failure", async () => {
    const stopping = new AbortController();
    const { source, next, asked } = sourceOf("a");
    const { refresh, lines } = createDesk([source, sourceOf("b").source]);
    next.answer = () => {
      stopping.abort();
      return fails()();
    };

    await refresh(stopping.signal);
    next.answer = () => listOf(100);
    await refresh(signal);

    expect(asked).toHaveLength(2);
    expect(lines.filter(({ level }) => level === "warn")).toEqual([]);
  });

  test("without sources there is nothing to do", async () => {
    await expect(createDesk([]).refresh(signal)).resolves.toBe(hour * 1000);
  });
});
