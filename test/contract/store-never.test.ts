import { describe, expect, test } from "vitest";
import { type IpPrefix, networkOf } from "../../src/domain/ip-address.ts";
import type { Decision } from "../../src/domain/decision.ts";
import type { DecisionRecord, Store } from "../../src/ports.ts";
import { allowEntry } from "../fakes/allow-entry.ts";
import { after, prefix, recordOf, sampleAlert, sampleDecision, t0 } from "../fakes/samples.ts";
import { describeStore, newStore, type StoreEngine } from "../fakes/store-engines.ts";

function blockOn(network: IpPrefix, changes: Partial<Decision> = {}): DecisionRecord {
  const decision = sampleDecision("de_block", { ip: networkOf(network), decidedAt: after(60), ...changes });
  return recordOf(decision, { prefix: network });
}

const holdOf = (network: IpPrefix): DecisionRecord =>
  recordOf(sampleDecision("de_hold", { action: "hold", ip: networkOf(network) }));

const act = { actor: "alice", reason: "storm", now: after(30) };

/** Every way in which somebody can ask for a block. What comes before the entry is there, then the block itself. */
const ways: Readonly<
  Record<
    string,
    {
      readonly before?: (store: Store, network: IpPrefix) => Promise<unknown>;
      readonly block: (store: Store, network: IpPrefix) => Promise<Decision | undefined>;
    }
  >
> = {
  "the policy": { block: (store, network) => store.recordDecision(blockOn(network)) },
  "the policy in mode approve": {
    block: (store, network) => store.recordDecision(blockOn(network, { mode: "approve" })),
  },
  "the policy in mode observe": {
    block: (store, network) => store.recordDecision(blockOn(network, { mode: "observe" })),
  },
  "a person": { block: (store, network) => store.recordDecision(blockOn(network, { actor: "alice" })) },
  "an import": {
    block: async (store, network) => {
      const record = blockOn(network, { actor: "alice", alertId: "al_hand" });
      const sighting = { ip: record.decision.ip, count: 1, fields: ["by hand"], severity: null };
      const [decision] = await store.recordByHand(sampleAlert("al_hand", { rows: [] }), [
        { sighting, record },
      ]);
      return decision;
    },
  },
  "an approved hold": {
    before: (store, network) => store.recordDecision(holdOf(network)),
    block: (store, network) =>
      store.recordDecision({ ...blockOn(network, { actor: "alice" }), answers: "de_hold" }),
  },
  "a hold that was released after a pause": {
    before: async (store, network) => {
      await store.pause(act);
      await store.recordDecision(blockOn(network, { id: "de_hold" }));
      await store.resume(act);
    },
    block: (store, network) =>
      store.recordDecision({ ...blockOn(network, { actor: "alice" }), answers: "de_hold" }),
  },
};

/** The entry, and a network that shares an address with it. */
const meetings = [
  ["203.0.113.0/24", "203.0.113.9/32"],
  ["203.0.113.9/32", "203.0.113.9/32"],
  ["203.0.113.9/32", "203.0.113.0/24"],
  ["203.0.0.0/16", "203.0.113.0/24"],
  ["2001:db8::/32", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::7/128", "2001:db8:1:2::/64"],
] as const;

/** Puts an entry there as a restored database does: nothing is lifted or ended for it. */
async function restore(engine: StoreEngine, databaseUrl: string, network: string): Promise<void> {
  await engine.tamper(
    databaseUrl,
    `insert into allow_entries (id, prefix, reason, owner, actor, created_at)
      values ('aw_1', '${network}', 'our office', '', 'bob', 0)`,
  );
}

describeStore("what is on the allow-list", (engine) => {
  describe.each(Object.entries(ways))("is not blocked by %s", (_way, { before, block }) => {
    test.each(meetings)("entry %s, wanted %s", async (entry, wanted) => {
      const databaseUrl = await engine.newDatabase();
      const store = await engine.open(databaseUrl);
      await before?.(store, prefix(wanted));
      await restore(engine, databaseUrl, entry);

      const decision = await block(store, prefix(wanted));

      expect(decision).toMatchObject({ action: "ignore" });
      expect(decision?.reasons[0]).toContain(`${entry} is on the allow-list`);
      expect((await store.counts(after(61))).blocksStanding).toBe(0);
    });
  });

  test.each(Object.entries(ways))(
    "%s blocks what shares nothing with it",
    async (_way, { before, block }) => {
      const store = await newStore(engine);
      await store.addAllowEntry(allowEntry("203.0.113.8/32"));
      await before?.(store, prefix("203.0.113.9/32"));

      expect(await block(store, prefix("203.0.113.9/32"))).toMatchObject({ action: "block" });
    },
  );

  test("can be blocked again when its entry has expired", async () => {
    const store = await newStore(engine);
    await store.addAllowEntry(allowEntry("203.0.113.0/24", { createdAt: t0, expiresAt: after(60) }));
    const network = prefix("203.0.113.9/32");

    const during = await store.recordDecision(blockOn(network, { id: "de_1", decidedAt: after(59) }));
    const later = await store.recordDecision(blockOn(network, { id: "de_2", decidedAt: after(60) }));

    expect([during.action, later.action]).toEqual(["ignore", "block"]);
  });
});
