import { describe, expect, onTestFinished, test } from "vitest";
import { catchUp, catchUpAlarm, internalAlarm } from "../../src/ingest/catch-up.ts";
import { leadsToUs } from "../../src/ingest/leads-to-us.ts";
import type { LostSend, RecoveryWanted, Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { after, sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { MemorySplunk, splunkError, webhookSearch } from "../fakes/splunk-api.ts";

const token = "a-token-of-our-webhook";
const url = `https://receiver.example.net/webhooks/splunk/${token}`;
const sid = (n: number): string => `scheduler__admin__search__RMD5_at_1760000400_${n}`;

const lost = (n: number, changes: Partial<LostSend> = {}): LostSend => ({
  action: "webhook",
  sid: sid(n),
  searchName: "SSH brute force",
  app: "search",
  owner: "admin",
  failedAt: after(n),
  reason: "<urlopen error>",
  ...changes,
});

const asked: Omit<RecoveryWanted, "sid"> = {
  alertId: null,
  cause: "check",
  searchName: null,
  app: null,
  owner: null,
  settings: null,
  isRepeated: false,
  dueAt: t0,
};

interface Desk {
  readonly store: Store;
  readonly splunk: MemorySplunk;
  /** Looks for missed alerts so many seconds after `t0`. */
  readonly look: (seconds: number, holder?: string) => Promise<number>;
  /** What is to be recovered, each by its sid, in order. */
  readonly wanted: () => Promise<readonly string[]>;
}

async function desk(): Promise<Desk> {
  const store = await openStore({ databaseUrl: "sqlite::memory:" });
  onTestFinished(() => store.close());
  const splunk = new MemorySplunk();
  splunk.searches.push(webhookSearch(url));
  return {
    store,
    splunk,
    look: (seconds, holder = "test") =>
      catchUp(
        {
          splunk,
          store,
          isOurs: (one) => leadsToUs(one, [token]),
          channels: ["email"],
          holder,
          everySeconds: 300,
          onMissed: () => undefined,
          now: () => after(seconds),
          log: silentLog,
        },
        new AbortController().signal,
      ),
    async wanted() {
      const claimed = await store.claimRecoveries(
        sampleClaim({ now: after(100_000), limit: 5000, leaseMs: 0 }),
      );
      return claimed.map((one) => `${one.cause} ${one.sid}`).toSorted();
    },
  };
}

describe("alerts that never came", () => {
  test("are found in Splunk's own log, since the newest alert that came", async () => {
    const { store, splunk, look, wanted } = await desk();
    await store.insertAlerts([sampleAlert("al_1", { receivedAt: t0 })]);
    splunk.lost.push(lost(60), lost(120), lost(3600), lost(-2000));

    const pauseMs = await look(1800);

    expect(pauseMs).toBe(300_000);
    expect(await wanted()).toEqual([`missed ${sid(120)}`, `missed ${sid(60)}`]);
    expect(splunk.asked).toEqual([`lost ${after(-1200).toISOString()} ${after(1800).toISOString()}`]);
  });

  test("are looked for further back than twenty minutes only since something came, and at most 24 hours", async () => {
    const empty = await desk();
    await empty.look(0);
    const old = await desk();
    await old.store.insertAlerts([sampleAlert("al_1", { receivedAt: after(-5 * 86_400) })]);
    await old.look(0);

    expect(empty.splunk.asked).toEqual([`lost ${after(-1200).toISOString()} ${t0.toISOString()}`]);
    expect(old.splunk.asked).toEqual([`lost ${after(-86_400).toISOString()} ${t0.toISOString()}`]);
  });

  test("are found once; the next look begins where the last one ended, with twenty minutes of overlap: clocks differ", async () => {
    const { splunk, look, wanted } = await desk();
    splunk.lost.push(lost(60));
    await look(300);

    await look(600);

    expect(await wanted()).toEqual([`missed ${sid(60)}`]);
    expect(splunk.asked.at(-1)).toBe(`lost ${after(-900).toISOString()} ${after(600).toISOString()}`);
  });

  test("are left out when they came after all, are of another search, or of a webhook that leads elsewhere", async () => {
    const { store, splunk, look, wanted } = await desk();
    splunk.searches.push(
      webhookSearch("https://chat.example.net/hooks/1", { name: "chat" }),
      webhookSearch("https://receiver.example.net/webhooks/splunk/another-token", { name: "stranger" }),
    );
    await store.insertAlerts([sampleAlert("al_68e77890000100", { sid: sid(1), receivedAt: t0 })]);
    await store.recordSightings("al_68e77890000100", [], t0, {
      search: null,
      doubt: null,
      askedMode: null,
      recovery: { ...asked, sid: sid(1), alertId: "al_68e77890000100", cause: "rows" },
    });
    splunk.lost.push(
      lost(1),
      lost(2, { searchName: "chat" }),
      lost(3, { searchName: "stranger" }),
      lost(4, { searchName: "unknown" }),
      lost(5, { searchName: null }),
      lost(6, { app: "another" }),
      lost(7, { sid: "../../server" }),
    );

    await look(300);

    expect(await wanted()).toEqual([`rows ${sid(1)}`]);
  });

  test("are found among the runs that Splunk keeps, where the number of results alone made them fire", async () => {
    const { splunk, look, wanted } = await desk();
    const url2 = `${url}/`;
    splunk.searches.push(
      webhookSearch(url2, { name: "throttled", firesAbove: null }),
      webhookSearch(url2, { name: "disabled", isScheduled: false }),
    );
    const row = [["src_ip", ["203.0.113.9"]]] as const;
    splunk.addRun(sid(1), [row], { startedAt: after(60) });
    splunk.addRun(sid(2), [], { startedAt: after(60) });
    splunk.addRun(sid(3), [row], { startedAt: after(60), state: "running" });
    splunk.addRun(sid(4), [row], { startedAt: after(-3001) });
    splunk.addRun(sid(5), [row], { startedAt: after(60), searchName: "throttled" });
    splunk.addRun(sid(6), [row], { startedAt: after(60), searchName: "disabled" });
    // Its alert may still be on its way.
    splunk.addRun(sid(7), [row], { startedAt: after(301) });

    await look(600);

    expect(await wanted()).toEqual([`missed ${sid(1)}`]);
  });

  test("of a search that sends each row alone: whatever its log says of a known sid, its runs only of unknown ones", async () => {
    const { store, splunk, look, wanted } = await desk();
    splunk.searches.splice(0, 1, webhookSearch(url, { isDigest: false }));
    const row = [["src_ip", ["203.0.113.9"]]] as const;
    for (const n of [1, 2, 3]) {
      splunk.addRun(sid(n), [row], { startedAt: t0 });
    }
    await store.insertAlerts([1, 2].map((n) => sampleAlert(`al_${n}`, { sid: sid(n) })));
    splunk.lost.push(lost(1));
    // The ids of these alerts do not begin as those of their sids do, so that they have to be known otherwise.
    await store.recordMissed(
      [1, 2].map((n) => ({ ...asked, sid: sid(n) })),
      { name: "none", at: t0, holder: "none" },
      t0,
    );
    for (const n of [1, 2]) {
      await store.endRecovery(
        { sid: sid(n), wants: 1, outcome: "done", rows: 0, error: null, checked: [] },
        t0,
      );
    }

    await look(300);
    const early = await wanted();
    await look(301);

    // At first others of its rows may still be on their way.
    expect(early).toEqual([`missed-rows ${sid(3)}`]);
    expect(await wanted()).toEqual([`missed-rows ${sid(1)}`, `missed-rows ${sid(3)}`]);
  });

  test("are found although one search can't be asked for: others must not be left out for its sake", async () => {
    const { splunk, look, wanted } = await desk();
    splunk.searches.push(webhookSearch(url, { name: ".." }));
    const history = splunk.history.bind(splunk);
    splunk.history = (search) =>
      search.name === ".." ? Promise.reject(splunkError("SPLUNK_REJECTED")) : history(search);
    splunk.lost.push(lost(60));

    await look(300);

    expect(await wanted()).toEqual([`missed ${sid(60)}`]);
  });

  test("are found by one replica at a time", async () => {
    const { store, splunk, look } = await desk();
    await store.leaseWatermark("catch-up", "another", t0, after(600));

    await look(1);

    expect(splunk.asked).toEqual([]);
    await look(600);
    expect(splunk.asked).toHaveLength(1);
  });
});

describe("when Splunk can't be asked", () => {
  test("the watermark stays, one alarm is raised, and ends when it can be", async () => {
    const { store, splunk, look, wanted } = await desk();
    await look(0);
    splunk.failure = splunkError("SPLUNK_UNREACHABLE");
    splunk.lost.push(lost(60));
    await look(300);
    await look(3600);
    const alarms = await store.openAlarms();
    splunk.failure = undefined;

    await look(7200);

    expect(alarms).toMatchObject([{ key: catchUpAlarm, raisedAt: after(300) }]);
    expect(await store.openAlarms()).toEqual([]);
    expect(await wanted()).toEqual([`missed ${sid(60)}`]);
  });

  test("without the right to read _internal its runs have to do, and an alarm says so", async () => {
    const { store, splunk, look, wanted } = await desk();
    splunk.mayReadInternal = false;
    splunk.lost.push(lost(60));
    splunk.addRun(sid(1), [[["src_ip", ["203.0.113.9"]]]], { startedAt: after(1) });
    await look(300);
    const alarms = await store.openAlarms();
    splunk.mayReadInternal = true;

    await look(600);

    expect(alarms).toMatchObject([{ key: internalAlarm }]);
    expect(await store.openAlarms()).toEqual([]);
    expect(await wanted()).toEqual([`missed ${sid(1)}`, `missed ${sid(60)}`]);
  });
});

describe("what Splunk tells of searches", () => {
  test("is kept: their schedule as their runs show it, and that one sends to us no more", async () => {
    const { store, splunk, look } = await desk();
    splunk.searches.push(webhookSearch(url, { name: "gone", nextRunAt: after(3600) }));
    for (const n of [0, 300, 600]) {
      splunk.addRun(sid(n), [], { startedAt: after(n) });
    }
    await look(700);
    splunk.searches.pop();
    splunk.runs.clear();

    await look(1000);

    expect(await store.searches()).toEqual([
      {
        name: "SSH brute force",
        alerts: 0,
        lastAlertAt: null,
        told: {
          isScheduled: true,
          hasWebhook: true,
          nextRunAt: null,
          lastRunAt: after(600),
          periodSeconds: 300,
          toldAt: after(1000),
        },
      },
      {
        name: "gone",
        alerts: 0,
        lastAlertAt: null,
        told: {
          isScheduled: true,
          hasWebhook: false,
          nextRunAt: null,
          lastRunAt: null,
          periodSeconds: null,
          toldAt: after(1000),
        },
      },
    ]);
  });
});
