import { describe, expect, test } from "vitest";
import { findDrift } from "../../src/enforce/drift.ts";
import { prefix } from "../fakes/samples.ts";
import { a, b, desk } from "./enforce-desk.ts";

const nothingOpen = new Set<never>();

describe("findDrift", () => {
  test("names what is missing, foreign and mistimed", () => {
    const found = findDrift({
      state: {
        entries: new Map([
          [b, 500],
          [prefix("203.0.113.3/32"), 10_000],
        ]),
        faults: ["IPv4: chain PORTCULLIS in table raw is missing"],
      },
      changes: [
        { kind: "add", prefix: a, seconds: 600 },
        { kind: "remove", prefix: b },
        { kind: "add", prefix: prefix("203.0.113.3/32"), seconds: 600 },
      ],
      open: nothingOpen,
    });

    expect(found).toEqual([
      "IPv4: chain PORTCULLIS in table raw is missing",
      "203.0.113.1/32 was missing",
      "203.0.113.2/32 was blocked by somebody else",
      "203.0.113.3/32 had another end",
    ]);
  });

  test("says nothing of what was only requested", () => {
    const changes = [{ kind: "add", prefix: a, seconds: 600 }] as const;

    expect(findDrift({ state: { entries: new Map(), faults: [] }, changes, open: new Set([a]) })).toEqual([]);
  });

  test("says nothing of an entry that is about to end", () => {
    const changes = [{ kind: "remove", prefix: a }] as const;
    const entries = new Map([[a, 3]]);

    expect(findDrift({ state: { entries, faults: [] }, changes, open: nothingOpen })).toEqual([]);
  });

  test("says nothing of a long block whose end is put off again", () => {
    const changes = [{ kind: "add", prefix: a, seconds: 2_147_483 }] as const;
    const entries = new Map([[a, 2_000_000]]);

    expect(findDrift({ state: { entries, faults: [] }, changes, open: nothingOpen })).toEqual([]);
  });

  test("counts what is many, and names three", () => {
    const changes = Array.from({ length: 5 }, (_, n) => ({
      kind: "add" as const,
      prefix: prefix(`203.0.113.${n}/32`),
      seconds: 600,
    }));

    expect(findDrift({ state: { entries: new Map(), faults: [] }, changes, open: nothingOpen })).toEqual([
      "5 networks were missing: 203.0.113.0/32, 203.0.113.1/32, 203.0.113.2/32, …",
    ]);
  });
});

describe("drift on a firewall", () => {
  test("is counted, with what was found and when all was well before", async () => {
    const { store, firewall, step, block, wait, now } = await desk();
    await block(a);
    await step();
    const lastGoodAt = now();
    firewall.entries.delete(a);
    firewall.faults = ["IPv4: the jump is missing"];
    wait(61);

    await step();

    expect(await store.firewalls()).toMatchObject([
      {
        state: "in-sync",
        drifts: 1,
        lastDrift: {
          foundAt: now(),
          lastGoodAt,
          findings: ["IPv4: the jump is missing", "203.0.113.1/32 was missing"],
        },
      },
    ]);
  });

  test("found in passing, while a block is added, counts once with all that comes of it", async () => {
    const { store, firewall, step, block, wait } = await desk();
    await block(a);
    await step();
    wait(5);
    firewall.entries.clear();
    firewall.faults = ["IPv4: set portcullis4 is missing"];
    await block(b);

    await step();
    await step();

    const [record] = await store.firewalls();
    expect(record?.drifts).toBe(1);
    expect(record?.lastDrift?.findings).toEqual([
      "IPv4: set portcullis4 is missing",
      "203.0.113.1/32 was missing",
    ]);
  });

  test("is none on a firewall that was never in sync", async () => {
    const { store, firewall, step, block } = await desk();
    firewall.faults = ["IPv4: chain PORTCULLIS in table raw is missing"];
    await block(a);

    await step();

    expect(await store.firewalls()).toMatchObject([{ state: "in-sync", drifts: 0, lastDrift: null }]);
  });
});
