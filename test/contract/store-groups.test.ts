import { expect, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { standingOf } from "../fakes/facts.ts";
import { after, ip, prefix, recordOf, sampleAlert, sampleDecision, sight, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const attacker = prefix("203.0.113.9/32");

interface Wish {
  readonly groups: readonly string[] | null;
  readonly firewalls: readonly string[];
  readonly seconds?: number;
}

/** Decides at `t0` + 60 s, unless it is the first, to block the attacker on some firewalls. */
function decide(store: Store, id: string, { groups, firewalls, seconds = 3600 }: Wish) {
  const decidedAt = id === "de_1" ? t0 : after(60);
  return store.recordDecision(
    recordOf(sampleDecision(id, { decidedAt, expiresAt: after(seconds) }), { groups, firewalls }),
  );
}

const asked = async (store: Store, firewall: string) =>
  (await store.requestedChanges(firewall, { now: after(60), limit: 9 })).map(
    ({ kind, prefix, expiresAt }) => ({
      kind,
      prefix,
      expiresAt,
    }),
  );

describeStore("the store's blocks for groups of firewalls", (engine) => {
  test("a block keeps its groups", async () => {
    const store = await newStore(engine);
    await decide(store, "de_1", { groups: ["edge", "dmz"], firewalls: ["edge-1"] });

    expect(await store.standingBlocks(t0)).toMatchObject([{ groups: ["edge", "dmz"] }]);
    expect((await standingOf(store, ip("203.0.113.9"), "enforce", t0)).block?.groups).toEqual([
      "edge",
      "dmz",
    ]);
  });

  test.each<{ standing: Wish["groups"]; wanted: Wish["groups"] }>([
    { standing: null, wanted: ["edge"] },
    { standing: null, wanted: null },
    { standing: ["dmz", "edge"], wanted: ["edge"] },
    { standing: ["edge"], wanted: [] },
  ])("a block for $standing is one for $wanted too", async ({ standing, wanted }) => {
    const store = await newStore(engine);
    await decide(store, "de_1", { groups: standing, firewalls: ["edge-1"] });

    expect(await decide(store, "de_2", { groups: wanted, firewalls: ["edge-2"] })).toMatchObject({
      action: "ignore",
      reasons: [`already blocked until ${after(3600).toISOString()} by decision de_1`, expect.any(String)],
    });
    expect(await store.standingBlocks(after(60))).toMatchObject([{ decisionId: "de_1", groups: standing }]);
    expect(await asked(store, "edge-2")).toEqual([]);
  });

  test.each<{ standing: Wish["groups"]; wanted: Wish["groups"]; joined: Wish["groups"]; until: number }>([
    { standing: ["edge"], wanted: ["dmz"], joined: ["dmz", "edge"], until: 3600 },
    { standing: ["edge"], wanted: ["edge", "dmz"], joined: ["dmz", "edge"], until: 9000 },
    { standing: ["edge"], wanted: null, joined: null, until: 9000 },
  ])(
    "one for $wanted takes the place of one for $standing, for all of them and as long as either",
    async ({ standing, wanted, joined, until }) => {
      const store = await newStore(engine);
      await sight(store);
      await decide(store, "de_1", { groups: standing, firewalls: ["edge-1", "edge-2"] });
      const [old] = await store.standingBlocks(t0);
      await store.recordEnforcements(
        "edge-1",
        [{ blockId: old?.id ?? "", state: "verified", error: null }],
        after(1),
      );

      const seconds = until === 3600 ? 1800 : until;
      const decision = await decide(store, "de_2", { groups: wanted, firewalls: ["dmz-1"], seconds });

      expect(decision).toMatchObject({ action: "block", expiresAt: after(seconds) });
      const blocks = await store.standingBlocks(after(60));
      expect(blocks).toMatchObject([{ decisionId: "de_2", groups: joined, expiresAt: after(until) }]);
      const add = { kind: "add", prefix: attacker, expiresAt: after(until) };
      for (const firewall of ["edge-1", "edge-2", "dmz-1"]) {
        expect(await asked(store, firewall)).toEqual([add]);
      }
      const error = `replaced by ${blocks[0]?.id}`;
      expect((await store.blocksOn(attacker, after(60)))[1]?.enforcements).toMatchObject([
        { firewall: "edge-1", state: "expired", endedAt: after(60), verifiedAt: after(1), error },
        { firewall: "edge-2", state: "expired", endedAt: after(60), error },
      ]);
      expect((await standingOf(store, ip("203.0.113.9"), "enforce", after(60))).graceUntil).toBeNull();
      const [now, before] = await store.blocksOn(attacker, after(60));
      expect(now).toMatchObject({ state: "standing", block: { decisionId: "de_2" } });
      expect(before).toMatchObject({ state: "ended", endedAt: after(60), lifted: null });
    },
  );

  test("the story of the first decision goes on with the block that took its place", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert("al_1")]);
    await sight(store);
    await decide(store, "de_1", { groups: ["edge"], firewalls: ["edge-1"] });
    await decide(store, "de_2", { groups: ["dmz"], firewalls: ["dmz-1"], seconds: 9000 });

    const { block, enforcements } = await store.story("de_1");

    expect(block).toMatchObject({ decisionId: "de_2", expiresAt: after(9000) });
    expect(enforcements).toMatchObject([
      { firewall: "dmz-1", state: "requested" },
      { firewall: "edge-1", state: "requested" },
    ]);
  });

  test("a late answer about the replaced block changes nothing, and lifting takes off the new one everywhere", async () => {
    const store = await newStore(engine);
    await sight(store);
    await decide(store, "de_1", { groups: ["edge"], firewalls: ["edge-1"] });
    const [old] = await store.standingBlocks(t0);
    await decide(store, "de_2", { groups: ["dmz"], firewalls: ["dmz-1"] });

    await store.recordEnforcements(
      "edge-1",
      [{ blockId: old?.id ?? "", state: "verified", error: null }],
      after(61),
    );
    await store.liftBlocks(attacker, { actor: "a", reason: "r", now: after(62), graceUntil: after(62) });

    const [, replaced] = await store.blocksOn(attacker, after(62));
    expect(replaced?.enforcements).toMatchObject([{ state: "expired" }]);
    expect(await asked(store, "edge-1")).toMatchObject([{ kind: "remove" }]);
    expect(await asked(store, "dmz-1")).toMatchObject([{ kind: "remove" }]);
    expect((await store.counts(after(62))).enforcementsPending).toBe(2);
  });

  test("what was lifted is taken off where the network stands again only for other firewalls", async () => {
    const store = await newStore(engine);
    await decide(store, "de_1", { groups: ["edge", "dmz"], firewalls: ["edge-1", "dmz-1"] });
    await store.liftBlocks(attacker, { actor: "a", reason: "r", now: after(1), graceUntil: after(1) });

    await decide(store, "de_2", { groups: ["dmz"], firewalls: ["dmz-1"] });

    expect(await asked(store, "edge-1")).toMatchObject([{ kind: "remove" }]);
    expect(await asked(store, "dmz-1")).toMatchObject([{ kind: "add" }]);
    expect((await store.counts(after(60))).enforcementsPending).toBe(2);
  });

  test("in mode observe groups are joined too, and no firewall is asked", async () => {
    const store = await newStore(engine);
    for (const [index, group] of ["edge", "dmz"].entries()) {
      const decision = sampleDecision(`de_${index}`, { mode: "observe" });
      await store.recordDecision(recordOf(decision, { groups: [group] }));
    }

    const { block } = await standingOf(store, ip("203.0.113.9"), "observe", t0);
    expect(block).toMatchObject({ decisionId: "de_1", groups: ["dmz", "edge"] });
    expect(await store.backlogs(t0)).toEqual([]);
  });

  test("20 decisions at once for different groups end in one block for all of them", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const numbers = Array.from({ length: 20 }, (_, n) => n + 10);

    const decisions = await Promise.all(
      numbers.map((n) =>
        (n % 2 === 0 ? a : b).recordDecision(
          recordOf(sampleDecision(`de_${n}`), { groups: [`group-${n}`], firewalls: [`edge-${n}`] }),
        ),
      ),
    );

    expect(new Set(decisions.map(({ action }) => action))).toEqual(new Set(["block"]));
    expect(await a.standingBlocks(t0)).toMatchObject([{ groups: numbers.map((n) => `group-${n}`) }]);
    expect(await a.backlogs(t0)).toEqual(
      numbers.map((n) => ({ firewall: `edge-${n}`, pending: 1, oldestAt: t0 })),
    );
  });

  test("what covers an address is told with a block for all firewalls before one that lasts longer", async () => {
    const store = await newStore(engine);
    const place = (id: string, network: string, seconds: number, groups: readonly string[] | null) =>
      store.recordDecision(
        recordOf(sampleDecision(id, { expiresAt: after(seconds) }), { prefix: prefix(network), groups }),
      );
    const told = async () =>
      (await standingOf(store, ip("203.0.113.9"), "enforce", t0)).block?.decisionId ?? null;

    await place("de_1", "203.0.113.9/32", 100, ["edge"]);
    await place("de_2", "203.0.113.0/24", 200, ["edge"]);
    expect(await told()).toBe("de_2");
    await place("de_3", "203.0.113.8/31", 50, null);
    expect(await told()).toBe("de_3");
    expect(await store.standingBlocks(t0)).toHaveLength(3);
  });
});
