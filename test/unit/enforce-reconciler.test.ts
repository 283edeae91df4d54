import { describe, expect, onTestFinished, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { type IpPrefix, networkOf } from "../../src/domain/ip-address.ts";
import { createReconciler } from "../../src/enforce/reconciler.ts";
import type { Decision } from "../../src/domain/decision.ts";
import type { Log, Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { createFakeFirewall } from "../fakes/firewall.ts";
import { after, ip, prefix, recordOf, sampleAlert, sampleDecision, t0 } from "../fakes/samples.ts";

const a = prefix("203.0.113.1/32");
const b = prefix("203.0.113.2/32");
const running = new AbortController().signal;
const unreachable = new AppError("SSH_UNREACHABLE", "edge-1 (10.0.0.1:22): connect ECONNREFUSED", {
  retryable: true,
});

/** A reconciler of `edge-1` over a real store, with a clock that stands still unless moved. */
async function desk(options: { readonly protectedReason?: (prefix: IpPrefix) => string | null } = {}) {
  const store = await openStore({ databaseUrl: "sqlite::memory:" });
  onTestFinished(() => store.close());
  const firewall = createFakeFirewall("edge-1");
  const logged: string[] = [];
  const note = (level: string) => (_fields: object, message: string) => {
    logged.push(`${level}: ${message}`);
  };
  const log: Log = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
  let seconds = 0;
  const create = (holder: string) =>
    createReconciler({
      firewall,
      store,
      holder,
      log,
      now: () => after(seconds),
      elapsedMs: () => seconds * 1000,
      protectedReason: options.protectedReason ?? (() => null),
    });
  const reconciler = create("here-1");
  return {
    store,
    firewall,
    logged,
    create,
    step: () => reconciler.step(running),
    wait: (more: number) => {
      seconds += more;
    },
    async block(network: IpPrefix, changes: Partial<Decision> = {}, firewalls = ["edge-1"]) {
      const alertId = `al_${network}_${seconds}`;
      const address = networkOf(network);
      await store.insertAlerts([sampleAlert(alertId)]);
      await store.recordSightings(alertId, [{ ip: address, count: 1, fields: [] }], after(seconds));
      const times = { decidedAt: after(seconds), expiresAt: after(3600), ...changes };
      const decision = sampleDecision(`de_${network}_${seconds}`, { alertId, ip: address, ...times });
      await store.recordDecision(recordOf(decision, { firewalls }));
    },
    lift: (network: IpPrefix) =>
      store.liftBlock(network, {
        actor: "admin",
        reason: "test",
        now: after(seconds),
        graceUntil: after(seconds),
      }),
  };
}

async function enforcementsOf(store: Store, network: IpPrefix) {
  const story = await store.story(`de_${network}_0`);
  return story.enforcements.map(({ state, error }) => [state, error]);
}

describe("a reconciler", () => {
  test("looks at the whole firewall first, makes it hold what stands, and records both", async () => {
    const { store, firewall, step, block } = await desk();
    await block(a);
    firewall.entries.set(b, 60);
    firewall.ownAddresses = [ip("198.51.100.1")];

    const pauseMs = await step();

    expect([...firewall.entries]).toEqual([[a, 3600]]);
    expect(await enforcementsOf(store, a)).toEqual([["verified", null]]);
    expect(await store.firewalls()).toMatchObject([
      { name: "edge-1", state: "in-sync", error: null, inSyncAt: t0, ownAddresses: ["198.51.100.1"] },
    ]);
    expect(pauseMs).toBe(2000);
  });

  test("then makes only what is requested, in one call", async () => {
    const { store, firewall, step, block } = await desk();
    await step();
    await block(a);
    await block(b);

    await step();

    const changes = firewall.calls.flatMap((call) => (call === "read" ? [] : call.apply));
    expect(firewall.calls).toHaveLength(2);
    expect(changes.toSorted((x, y) => x.prefix.localeCompare(y.prefix))).toEqual([
      { kind: "add", prefix: a, seconds: 3600 },
      { kind: "add", prefix: b, seconds: 3600 },
    ]);
    expect(await enforcementsOf(store, b)).toEqual([["verified", null]]);
  });

  test("does nothing when nothing is requested", async () => {
    const { firewall, step, block } = await desk();
    await block(a);
    await step();
    firewall.calls.length = 0;

    await step();

    expect(firewall.calls).toEqual([]);
  });

  test("looks at everything again every minute, and writes nothing when all is right", async () => {
    const { firewall, step, block, wait } = await desk();
    await block(a);
    await step();
    firewall.calls.length = 0;
    wait(61);
    firewall.entries.set(a, 3539);

    await step();

    expect(firewall.calls).toEqual(["read"]);
  });

  test.each([
    ["a missing entry", (entries: Map<IpPrefix, number>) => entries.delete(a)],
    ["a foreign entry", (entries: Map<IpPrefix, number>) => entries.set(b, 99)],
    ["an entry that ends too early", (entries: Map<IpPrefix, number>) => entries.set(a, 10)],
    [
      "an entry that never ends",
      (entries: Map<IpPrefix, number>) => entries.set(a, Number.POSITIVE_INFINITY),
    ],
  ])("puts %s right within a minute", async (_what, harm) => {
    const { firewall, step, block, wait } = await desk();
    await block(a);
    await step();
    harm(firewall.entries);
    wait(61);

    await step();

    expect([...firewall.entries]).toEqual([[a, 3539]]);
  });

  test("has the drop rules put in place also when every entry is there", async () => {
    const { firewall, step, wait } = await desk();
    await step();
    firewall.faults = ["IPv4: the jump is missing"];
    wait(61);

    await step();

    expect(firewall.calls).toEqual(["read", "read", { apply: [] }]);
    expect(firewall.faults).toEqual([]);
  });

  test("looks at everything at once when a change found the drop rules missing", async () => {
    const { firewall, step, block } = await desk();
    await block(a);
    await step();
    firewall.entries.clear();
    firewall.faults = ["set portcullis4 was missing"];
    await block(b);

    expect(await step()).toBe(0);
    await step();

    expect([...firewall.entries.keys()].sort()).toEqual([a, b]);
  });

  test("takes a lifted block off and says so", async () => {
    const { store, firewall, step, block, lift } = await desk();
    await block(a);
    await step();
    await lift(a);

    await step();

    expect([...firewall.entries]).toEqual([]);
    expect(await enforcementsOf(store, a)).toEqual([["lifted", null]]);
  });

  test("a block lifted while the firewall was away is lifted by the next look at everything", async () => {
    const { store, firewall, step, block, lift } = await desk();
    await block(a);
    firewall.entries.set(a, 3600);
    await lift(a);

    await step();

    expect([...firewall.entries]).toEqual([]);
    expect(await enforcementsOf(store, a)).toEqual([["lifted", null]]);
  });

  test("leaves the end of a block to the kernel", async () => {
    const { firewall, step, block, wait } = await desk();
    await block(a, { expiresAt: after(30) });
    await step();
    wait(31);

    await step();

    expect(firewall.calls).toHaveLength(2);
  });

  test("blocks that stood before the firewall was there are put on it", async () => {
    const { store, firewall, step, block } = await desk();
    await block(a, {}, []);

    await step();

    expect([...firewall.entries.keys()]).toEqual([a]);
    expect(await enforcementsOf(store, a)).toEqual([["verified", null]]);
  });
});

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
    const pauses: number[] = [];
    for (let n = 0; n < 7; n += 1) {
      const pauseMs = await step();
      pauses.push(pauseMs);
      expect(await step()).toBe(pauseMs);
      wait(pauseMs / 1000);
    }
    firewall.down = undefined;
    await block(a);

    await step();

    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
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
    const { firewall, step } = await desk();
    firewall.down = new AppError("SSH_LOGIN_REFUSED", "edge-1: refused", { retryable: false });

    expect(await step()).toBe(300_000);
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

test("brings 3,000 blocks in line in one round", async () => {
  const { firewall, step, block } = await desk();
  await Promise.all(Array.from({ length: 3000 }, (_, n) => block(prefix(`60.0.${n >> 8}.${n & 255}/32`))));

  await step();

  expect(firewall.entries.size).toBe(3000);
});
