import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { t0 } from "../fakes/samples.ts";
import { a, b, desk, enforcementsOf, running, unreachable } from "./enforce-desk.ts";

describe("protected networks", () => {
  test.each(["at first", "later"])("are checked again before anything is applied, %s", async (when) => {
    const { store, firewall, step, block } = await desk({ protectedReason: () => "on the allow-list" });
    if (when === "later") {
      await step();
    }
    await block(a);

    await step();

    expect([...firewall.entries]).toEqual([]);
    expect(await enforcementsOf(store, a)).toEqual([["refused", "on the allow-list"]]);
  });

  test("are taken off where they are in force", async () => {
    let reason: string | null = null;
    const { store, firewall, step, block, wait } = await desk({ protectedReason: () => reason });
    await block(a);
    await step();
    reason = "on the allow-list";
    wait(61);

    await step();

    expect([...firewall.entries]).toEqual([]);
    expect(await enforcementsOf(store, a)).toEqual([["refused", "on the allow-list"]]);
  });

  test("the host's own refusal is recorded", async () => {
    const { store, firewall, step, block } = await desk();
    await step();
    firewall.troubled.set(a, { outcome: "refused", reason: "address of this host" });
    await block(a);

    await step();

    expect(await enforcementsOf(store, a)).toEqual([["refused", "address of this host"]]);
  });
});

describe("a change that fails", () => {
  test("is tried once more with a look at everything, then recorded, and verified when it works", async () => {
    const { store, firewall, step, block, wait } = await desk();
    await step();
    firewall.troubled.set(a, { outcome: "failed", reason: "the set is full" });
    await block(a);

    expect(await step()).toBe(0);
    expect(await enforcementsOf(store, a)).toEqual([["requested", null]]);
    await step();
    expect(await enforcementsOf(store, a)).toEqual([["failed", "the set is full"]]);
    expect(await store.firewalls()).toMatchObject([
      { state: "out-of-sync", error: "1 of 1 changes failed: 203.0.113.1/32 the set is full" },
    ]);
    firewall.troubled.clear();
    wait(61);
    await step();

    expect(await enforcementsOf(store, a)).toEqual([["verified", null]]);
  });

  test("does not keep others from being verified", async () => {
    const { store, firewall, step, block } = await desk();
    await step();
    firewall.troubled.set(a, { outcome: "failed", reason: "the set is full" });
    await block(a);
    await block(b);

    await step();

    expect(await enforcementsOf(store, b)).toEqual([["verified", null]]);
  });
});

describe("a firewall that can't be reached", () => {
  test("is tried after 1, 2, 4 … 30 seconds, however often it is woken, and then looked at as a whole", async () => {
    const { firewall, step, wait, block } = await desk();
    firewall.down = unreachable;
    const attempts: number[] = [];
    for (let second = 0; second <= 91; second += 1) {
      const before = firewall.calls.length;
      expect(await step()).toBeLessThanOrEqual(15_000); // its lease must not end meanwhile
      await step();
      if (firewall.calls.length > before) {
        attempts.push(second);
      }
      wait(1);
    }
    firewall.down = undefined;
    await block(a);

    wait(30);
    await step();

    expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    expect([...firewall.entries.keys()]).toEqual([a]);
  });

  test("is recorded with the reason, on itself and on what waits for it, and logged once", async () => {
    const { store, firewall, step, wait, block, logged } = await desk();
    firewall.down = unreachable;
    await block(a);
    await step();
    wait(1);
    await step();
    await block(b);
    wait(1);
    await step();

    expect(await store.firewalls()).toMatchObject([
      { state: "unreachable", error: unreachable.message, inSyncAt: null },
    ]);
    expect(await enforcementsOf(store, a)).toEqual([["requested", unreachable.message]]);
    const storyOfB = await store.story(`de_${b}_1`);
    expect(storyOfB.enforcements).toMatchObject([{ state: "requested", error: unreachable.message }]);
    firewall.down = undefined;
    wait(2);
    await step();
    expect(logged).toEqual([
      "warn: firewall can't be brought in line, will try again",
      "debug: firewall can't be brought in line, will try again",
      "info: firewall brought in line",
      "info: firewall works again",
    ]);
  });

  test("keeps the moment at which it was last in line", async () => {
    const { store, firewall, step, wait } = await desk();
    await step();
    firewall.down = unreachable;
    wait(61);

    await step();

    expect(await store.firewalls()).toMatchObject([{ state: "unreachable", inSyncAt: t0 }]);
  });

  test("that refuses the login is left alone for five minutes", async () => {
    const { firewall, step, wait } = await desk();
    firewall.down = new AppError("SSH_LOGIN_REFUSED", "edge-1: refused", { retryable: false });
    await step();
    wait(299);
    await step();
    expect(firewall.calls).toHaveLength(1);

    wait(1);
    await step();

    expect(firewall.calls).toHaveLength(2);
  });

  test("a bug is not taken for a fault of the firewall", async () => {
    const { firewall, step } = await desk();
    firewall.read = () => Promise.reject(new TypeError("oops"));

    await expect(step()).rejects.toThrow("oops");
  });

  test("nothing is recorded when it is stopped in the middle", async () => {
    const { store, firewall, create } = await desk();
    const stopping = new AbortController();
    firewall.read = () => {
      stopping.abort();
      return Promise.reject(unreachable);
    };

    await create("here-1").step(stopping.signal);

    expect(await store.firewalls()).toEqual([]);
  });
});

describe("of two processes", () => {
  test("one acts, and the other takes over when its lease has run out", async () => {
    const { firewall, step, create, wait } = await desk();
    const other = create("there-1");
    await step();

    expect(await other.step(running)).toBe(5000);
    expect(firewall.calls).toEqual(["read"]);
    wait(31);
    await other.step(running);

    expect(firewall.calls).toEqual(["read", "read"]);
    expect(await step()).toBe(5000);
  });
});
