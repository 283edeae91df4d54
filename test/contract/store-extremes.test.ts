import { expect, test } from "vitest";
import { blockWithin } from "../fakes/block-wishes.ts";
import {
  after,
  ip,
  prefix,
  recordOf,
  sampleAlert,
  sampleDecision,
  sampleInputs,
  t0,
} from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const most = Number.MAX_SAFE_INTEGER;

describeStore("the store's extremes", (engine) => {
  test("huge counts add up to the most there is, and stop nothing", async () => {
    const store = await newStore(engine);
    const [huge, other] = [ip("203.0.113.9"), ip("203.0.113.10")];
    const named = (count: number) => ({ count, fields: [], severity: null });
    for (let n = 0; n < 1100; n += 1) {
      await store.recordSightings(`al_${n}`, [{ ip: huge, ...named(most) }], t0);
    }
    await store.recordSightings("al_x", [{ ip: other, ...named(3) }], t0);

    const facts = await store.factsOf([huge, other], { mode: "enforce", now: after(1), windows: [60] });

    expect(facts.get(huge)?.activity).toEqual([{ seconds: 60, events: most }]);
    expect(facts.get(other)?.activity).toEqual([{ seconds: 60, events: 3 }]);
    expect(await store.addressReport(huge, after(1))).toMatchObject({ events: most });
    expect(await store.addressReport(other, after(1))).toMatchObject({ events: 3 });
  });

  test("a search has a name of any length, and a limit of its own", async () => {
    const store = await newStore(engine);
    const limits = { perSearch: 1 };
    // What can't be compressed: PostgreSQL's index would take a text of one letter.
    const name = (end: string) =>
      Array.from({ length: 2000 }, (_, n) => ((n * 2_654_435_761) % 4_294_967_296).toString(36)).join("") +
      end;
    const by = (end: string) => ({ limits, inputs: sampleInputs({ searchName: name(end) }) });

    expect(await blockWithin(store, 1, by("a"))).toMatchObject({ action: "block" });
    expect(await blockWithin(store, 2, by("b"))).toMatchObject({ action: "block" });
    expect(await blockWithin(store, 3, by("a"))).toMatchObject({ holdCause: "limit" });
  });

  test("an alert by hand tells how many rows it has", async () => {
    const store = await newStore(engine);
    const rows = [1, 2].map((n) => [["ip", [`203.0.113.${n}`]] as const]);
    await store.recordByHand(sampleAlert("al_1", { rows }), []);

    expect((await store.listAlerts({ limit: 9, cursor: null })).items).toMatchObject([{ rows: 2 }]);
  });

  test.each([
    { what: "groups", damage: "groups = '{bad'" },
    { what: "an end that is no time", damage: "expires_at = 9000000000000000" },
  ])("a block with damaged $what gives way to the next", async ({ damage }) => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await store.recordDecision(recordOf(sampleDecision("de_1")));
    await engine.tamper(databaseUrl, `update blocks set ${damage}`);

    const next = await store.recordDecision(recordOf(sampleDecision("de_2", { decidedAt: after(1) })));

    expect(next).toMatchObject({ action: "block" });
    expect(await store.standingBlocks(after(1))).toMatchObject([{ decisionId: "de_2", groups: null }]);
  });

  test("a block with damaged groups is lifted", async () => {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await store.recordDecision(recordOf(sampleDecision("de_1")));
    await engine.tamper(databaseUrl, "update blocks set groups = '{bad'");
    const lift = { actor: "alice", reason: "a customer", now: after(1), graceUntil: after(60) };

    expect(await store.liftBlocks(prefix("203.0.113.9/32"), lift)).toMatchObject([{ decisionId: "de_1" }]);
    expect(
      (await store.requestedChanges("edge-1", { now: after(2), limit: 9 })).map(({ kind }) => kind),
    ).toEqual(["remove"]);
  });
});
