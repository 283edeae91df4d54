import { expect, test } from "vitest";
import { beingTried } from "../../src/domain/block.ts";
import type { EnforcementResult, Store } from "../../src/ports.ts";
import { after, prefix, recordOf, sampleDecision, sight, t0 } from "../fakes/samples.ts";
import { describeStore } from "../fakes/store-engines.ts";
import { blockId, blockingStore, openTellingStore, takeTold } from "../fakes/told-events.ts";

const changesOf = async (store: Store) =>
  (await takeTold(store)).map(({ fields }) => [fields["firewall"] ?? null, fields["change"]]);

describeStore("what the store tells programs of a block", (engine) => {
  const results = (id: string, ...states: readonly EnforcementResult["state"][]): EnforcementResult[] =>
    states.map((state) => ({ blockId: id, state, error: state === "verified" ? null : "no rule" }));

  test("is each change on each firewall, and no confirmation", async () => {
    const { store, id } = await blockingStore(await engine.newDatabase());

    await store.recordEnforcements("edge-1", results(id, "applied"), after(1));
    await store.recordEnforcements("edge-1", results(id, "applied"), after(2));
    await store.recordEnforcements("edge-1", results(id, "verified"), after(3));
    await store.recordEnforcements("edge-1", results(id, "verified"), after(4));
    await store.recordEnforcements("edge-2", results(id, "failed"), after(5));

    expect(await changesOf(store)).toEqual([
      ["edge-1", "applied"],
      ["edge-1", "verified"],
      ["edge-2", "failed"],
    ]);
  });

  test("says how long it took from the alert to the proof, and why it failed", async () => {
    const { store, id } = await blockingStore(await engine.newDatabase());
    await store.recordEnforcements("edge-1", results(id, "verified"), after(2.5));
    await store.recordEnforcements("edge-2", results(id, "refused"), after(3));

    const [verified, refused] = await takeTold(store);
    expect(verified).toMatchObject({
      id: `block:${id}:edge-1:verified:${after(2.5).getTime()}`,
      at: after(2.5),
      fields: { seconds_to_verified: 2.5, reason: null, actor: "policy", search_name: "SSH brute force" },
    });
    expect(refused?.fields).toMatchObject({ reason: "no rule", seconds_to_verified: null });
  });

  test("that fails again for the same reason after it was asked for again is nothing", async () => {
    const { store, id } = await blockingStore(await engine.newDatabase());
    await store.recordEnforcements("edge-1", results(id, "failed"), after(1));
    await store.requestEnforcements("edge-1", [id], after(60));
    await store.recordEnforcements("edge-1", results(id, "failed"), after(61));
    await store.requestEnforcements("edge-1", [id], after(120));
    await store.recordEnforcements("edge-1", [{ blockId: id, state: "failed", error: "other" }], after(121));

    const reasons = (await takeTold(store)).map(({ fields }) => fields["reason"]);
    expect(reasons).toEqual(["no rule", "other"]);
  });

  test("is what a canary has withdrawn, and not that it is tried", async () => {
    const { store, id } = await blockingStore(await engine.newDatabase());
    await store.beginTrial("edge-1", [id], after(1));
    await store.recordEnforcements(
      "edge-1",
      [{ blockId: id, state: "withdrawn", error: "cut off" }],
      after(2),
    );

    const told = await takeTold(store);
    expect(told.map(({ fields }) => [fields["change"], fields["reason"]])).toEqual([
      ["withdrawn", "cut off"],
    ]);
    expect(JSON.stringify(told)).not.toContain(beingTried);
  });

  test("is who lifts it and why, and where it is off; a late result tells nothing", async () => {
    const { store, id } = await blockingStore(await engine.newDatabase());
    await store.recordEnforcements("edge-1", results(id, "verified"), after(1));
    await takeTold(store);
    const lift = { actor: "anna", reason: "our partner", now: after(2), graceUntil: after(3600) };

    await store.liftBlocks(prefix("203.0.113.0/24"), lift);
    await store.recordEnforcements("edge-1", results(id, "applied"), after(3));
    await store.recordEnforcements("edge-1", [{ blockId: id, state: "lifted", error: null }], after(4));

    const told = await takeTold(store);
    expect(told.map(({ id: told }) => told)).toEqual([
      `block:${id}:lift_requested`,
      `block:${id}:edge-1:lifted:${after(4).getTime()}`,
    ]);
    for (const { fields } of told) {
      expect(fields).toMatchObject({
        actor: "anna",
        reason: "our partner",
        search_name: "SSH brute force",
      });
    }
  });

  test("is that its time is over, once on each firewall", async () => {
    const { store } = await blockingStore(await engine.newDatabase());
    await store.expireEnforcements("edge-1", t0, after(3601));
    await store.expireEnforcements("edge-1", t0, after(3602));
    await store.expireEnforcements("edge-2", t0, after(3603));

    expect(await changesOf(store)).toEqual([
      ["edge-1", "expired"],
      ["edge-2", "expired"],
    ]);
  });

  test("is told although somebody has damaged its row", async () => {
    const databaseUrl = await engine.newDatabase();
    const first = await openTellingStore(databaseUrl);
    await sight(first);
    await first.recordDecision(recordOf(sampleDecision("de_1")));
    await takeTold(first);
    const id = await blockId(first);
    await first.close();
    await engine.tamper(
      databaseUrl,
      "update blocks set groups = '{', expires_at = 9000000000000000, decision_id = 'de_none'",
    );
    const store = await openTellingStore(databaseUrl);

    await store.recordEnforcements("edge-1", results(id, "verified"), after(1));

    const [told] = await takeTold(store);
    expect(told?.fields).toMatchObject({
      change: "verified",
      groups: null,
      expires_at: null,
      search_name: null,
    });
  });
});
