import { expect, test } from "vitest";
import type { ExtractedAlert, RecoveryWanted, Store } from "../../src/ports.ts";
import { searchTimeOf } from "../../src/domain/sid.ts";
import { after, ip, sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const sid = "scheduler__admin__search__RMD5_at_1760000400_12";

const wanted = (changes: Partial<RecoveryWanted> = {}): RecoveryWanted => ({
  sid,
  alertId: "al_1",
  cause: "rows",
  searchName: "SSH brute force",
  app: "search",
  owner: "admin",
  settings: null,
  isRepeated: false,
  dueAt: t0,
  ...changes,
});

const done = { wants: 1, outcome: "done", error: null } as const;

/** The beginning of the ids of the alerts of `sid`. */
const time = searchTimeOf(sid);

const sighting = { ip: ip("203.0.113.9"), count: 1, fields: ["src_ip"], severity: null };

async function extract(
  store: Store,
  alertId: string,
  extracted: Partial<ExtractedAlert> = {},
): Promise<void> {
  await store.insertAlerts([sampleAlert(alertId, { sid })]);
  await store.recordSightings(alertId, [sighting], t0, {
    search: null,
    recovery: null,
    doubt: null,
    askedMode: null,
    ...extracted,
  });
}

const claimed = (store: Store, seconds = 0, holder = "worker-1") =>
  store.claimRecoveries(sampleClaim({ now: after(seconds), holder }));

describeStore("the store's recoveries", (engine) => {
  test("one is written down with the sightings of its alert, and claimed by one holder", async () => {
    const store = await newStore(engine);

    await extract(store, "al_1", { recovery: wanted() });

    expect(await claimed(store)).toEqual([
      {
        sid,
        alertId: "al_1",
        cause: "rows",
        searchName: "SSH brute force",
        app: "search",
        owner: "admin",
        settings: null,
        createdAt: t0,
        attempts: 0,
        wants: 1,
      },
    ]);
    expect(await claimed(store, 1, "worker-2")).toEqual([]);
    expect(await store.counts(t0)).toMatchObject({ recoveriesWaiting: 1, rowsRecovered: 0 });
    expect((await store.alert("al_1"))?.summary.recovery).toEqual({ state: "waiting", rows: 0, error: null });
  });

  test("repeating the extraction wants nothing again and counts no alert again", async () => {
    const store = await newStore(engine);
    const search = { name: "SSH brute force", alertAt: t0 };
    await extract(store, "al_1", { recovery: wanted(), search });
    await store.endRecovery({ sid, wants: 1, outcome: "done", rows: 3, error: null, checked: [] }, t0);

    await extract(store, "al_1", { recovery: wanted({ isRepeated: true }), search });

    expect(await claimed(store, 60)).toEqual([]);
    expect(await store.searches()).toEqual([
      { name: "SSH brute force", alerts: 1, lastAlertAt: t0, told: null },
    ]);
  });

  test("a second alert of the sid has it done again only where each is to be confirmed", async () => {
    const store = await newStore(engine);
    await extract(store, "al_1", { recovery: wanted() });
    await store.endRecovery({ sid, wants: 1, outcome: "done", rows: 3, error: null, checked: [] }, t0);

    await extract(store, "al_2", { recovery: wanted({ alertId: "al_2" }) });
    const plain = await claimed(store, 60);
    await extract(store, "al_3", { recovery: wanted({ alertId: "al_3", cause: "check", isRepeated: true }) });

    expect(plain).toEqual([]);
    expect(await claimed(store, 60)).toMatchObject([{ sid, alertId: "al_1", cause: "rows", attempts: 0 }]);
  });

  test("wanted again while it is done, it is not done: the alert that wants it may have come too late", async () => {
    const store = await newStore(engine);
    await extract(store, "al_1", { recovery: wanted({ cause: "check", isRepeated: true }) });
    const [first] = await claimed(store);
    await extract(store, "al_2", { recovery: wanted({ cause: "check", isRepeated: true }) });

    await store.endRecovery(
      { sid, wants: first?.wants ?? 0, outcome: "done", rows: 0, error: null, checked: [] },
      after(1),
    );

    expect(await claimed(store, 10)).toEqual([]);
    expect(await claimed(store, 11)).toMatchObject([{ sid, wants: 2 }]);
  });

  test("one that is only to be checked fetches rows too when some were missed", async () => {
    const store = await newStore(engine);
    await extract(store, "al_1", { recovery: wanted({ cause: "check", isRepeated: true }) });

    await store.recordMissed(
      [wanted({ alertId: null, cause: "missed-rows", isRepeated: true })],
      { name: "catch-up", at: t0, holder: "a" },
      t0,
    );

    expect(await claimed(store)).toMatchObject([{ sid, cause: "missed-rows" }]);
  });

  test("one that is put off comes again with its reason and its attempts; its lease can be extended by its holder only", async () => {
    const store = await newStore(engine);
    await extract(store, "al_1", { recovery: wanted() });
    await claimed(store);

    const extended = [
      await store.extendRecovery(sid, "worker-1", after(120)),
      await store.extendRecovery(sid, "worker-2", after(120)),
    ];
    const whileExtended = await claimed(store, 90, "worker-2");
    await store.postponeRecovery(sid, after(10), "not ready");

    expect(extended).toEqual([true, false]);
    expect(whileExtended).toEqual([]);
    expect(await claimed(store, 9)).toEqual([]);
    expect(await claimed(store, 10)).toMatchObject([{ sid, attempts: 1 }]);
    expect((await store.alert("al_1"))?.summary.recovery).toEqual({
      state: "waiting",
      rows: 0,
      error: "not ready",
    });
  });

  test("its end keeps what Splunk said of each alert, and has what waits for that decided at once", async () => {
    const store = await newStore(engine);
    await extract(store, "al_1", { recovery: wanted() });
    await extract(store, "al_2");
    const [first] = await store.claimSightings(sampleClaim());
    await store.postponeSighting(first?.id ?? "", after(3600), "waits for Splunk");
    await claimed(store);

    await store.endRecovery(
      {
        sid,
        wants: 1,
        outcome: "done",
        rows: 299,
        error: null,
        checked: [
          { alertId: "al_1", isGenuine: true, doubt: null },
          { alertId: "al_2", isGenuine: false, doubt: "not among the rows" },
        ],
      },
      after(5),
    );

    expect(await store.confirmationOf("al_1")).toEqual({ isGenuine: true, doubt: null });
    expect(await store.confirmationOf("al_2")).toEqual({ isGenuine: false, doubt: "not among the rows" });
    const due = await store.claimSightings(sampleClaim({ now: after(5), holder: "worker-2", leaseMs: 0 }));
    expect(due.map(({ id }) => id)).toContain(first?.id);
    expect(await claimed(store, 3600)).toEqual([]);
    expect((await store.alert("al_1"))?.summary).toMatchObject({
      isGenuine: true,
      recovery: { state: "done", rows: 299, error: null },
    });
    expect(await store.counts(t0)).toMatchObject({
      recoveriesWaiting: 0,
      recoveriesFailed: 0,
      rowsRecovered: 299,
    });
  });

  test("what was confirmed stays so, what was doubted may be confirmed", async () => {
    const store = await newStore(engine);
    await extract(store, "al_1", { doubt: "it has no sid" });
    const check = (isGenuine: boolean | null) =>
      store.endRecovery(
        { sid, ...done, rows: 0, checked: [{ alertId: "al_1", isGenuine, doubt: null }] },
        t0,
      );
    const doubted = await store.confirmationOf("al_1");

    await check(true);
    await check(false);

    expect(doubted).toEqual({ isGenuine: false, doubt: "it has no sid" });
    expect(await store.confirmationOf("al_1")).toMatchObject({ isGenuine: true });
  });

  test("an alert from elsewhere needs no confirmation, one that is not there has none", async () => {
    const store = await newStore(engine);
    await store.insertAlerts([sampleAlert("al_1", { source: "splunk-rows" }), sampleAlert("al_2")]);

    expect(await store.confirmationOf("al_1")).toEqual({ isGenuine: true, doubt: null });
    expect(await store.confirmationOf("al_2")).toEqual({ isGenuine: null, doubt: null });
    expect(await store.confirmationOf("al_3")).toEqual({ isGenuine: null, doubt: null });
  });

  test("the alerts of a sid are found by source, and no others", async () => {
    const store = await newStore(engine);
    const sids = { other: "scheduler__admin__search__RMD6_at_1760000400_12", strange: "search1_17.5" };
    await store.insertAlerts([
      sampleAlert(`al_${time}01`, { sid }),
      sampleAlert(`al_${time}02`, { sid, source: "splunk-rows" }),
      sampleAlert(`al_${time}03`, { sid: sids.other }),
      sampleAlert("al_ff", { sid: sids.strange }),
    ]);
    await store.recordSightings("al_ff", [], t0, {
      search: null,
      doubt: null,
      askedMode: null,
      recovery: wanted({ sid: sids.strange, alertId: "al_ff" }),
    });

    const ids = async (of: string, sources: readonly string[]) =>
      (await store.alertsOfSid(of, sources)).map(({ id }) => id);

    expect(await ids(sid, ["splunk-webhook"])).toEqual([`al_${time}01`]);
    expect(await ids(sid, ["splunk-webhook", "splunk-rows"])).toEqual([`al_${time}01`, `al_${time}02`]);
    expect(await ids(sids.strange, ["splunk-webhook"])).toEqual(["al_ff"]);
    expect(await store.knownSids([sid, sids.other, sids.strange, "1760000400.99"])).toEqual(
      new Set([sid, sids.other, sids.strange]),
    );
  });

  test("what was missed is written down once, with the watermark; a lease keeps a second holder away", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const first = await a.leaseWatermark("catch-up", "a", t0, after(600));
    const meanwhile = await b.leaseWatermark("catch-up", "b", after(1), after(600));
    const missed = Array.from({ length: 1200 }, (_, n) =>
      wanted({ sid: `1760000400.${n}`, alertId: null, cause: "missed" }),
    );

    const begun = await a.recordMissed(missed, { name: "catch-up", at: after(-60), holder: "a" }, t0);

    const second = await b.leaseWatermark("catch-up", "b", after(2), after(602));
    const again = await b.recordMissed(missed, { name: "catch-up", at: t0, holder: "b" }, after(2));
    expect([first, meanwhile, second]).toEqual([{ at: null }, null, { at: after(-60) }]);
    expect([begun, again]).toEqual([1200, 0]);
    expect(await a.counts(t0)).toMatchObject({ recoveriesWaiting: 1200 });
  });

  test("leases end with their holder", async () => {
    const store = await newStore(engine);
    await extract(store, "al_1", { recovery: wanted() });
    await claimed(store, 0, "a");
    await store.leaseWatermark("catch-up", "a", t0, after(600));

    await store.releaseLeases("a");

    expect(await claimed(store, 0, "b")).toMatchObject([{ sid }]);
    expect(await store.leaseWatermark("catch-up", "b", t0, after(600))).toEqual({ at: null });
  });

  test("a watermark and a recovery of the future are brought back when the clock is", async () => {
    const store = await newStore(engine);
    const year = 365 * 86_400;
    await store.leaseWatermark("catch-up", "a", after(year), after(year + 600));
    await store.recordMissed(
      [wanted({ dueAt: after(year) })],
      { name: "catch-up", at: after(year), holder: "a" },
      t0,
    );

    await store.mendClock(t0);

    expect(await store.leaseWatermark("catch-up", "b", t0, after(600))).toEqual({ at: t0 });
    expect(await claimed(store)).toMatchObject([{ sid }]);
  });

  test("the newest alert tells since when nothing has come", async () => {
    const store = await newStore(engine);
    const empty = await store.latestAlertAt();
    await store.insertAlerts([
      sampleAlert("al_1", { receivedAt: after(5) }),
      sampleAlert("al_2", { receivedAt: t0 }),
    ]);

    expect([empty, await store.latestAlertAt()]).toEqual([null, after(5)]);
  });
});
