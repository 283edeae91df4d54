import { describe, expect, test } from "vitest";
import { rowsAlarm } from "../../src/ingest/recover-rows.ts";
import { splunkError } from "../fakes/splunk-api.ts";
import { address, digest, perResult, recoveryDesk, rows, sid } from "./recovery-desk.ts";

const addresses = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, n) => address(from + n)).toSorted();

describe("the other rows of an alert", () => {
  test("are fetched by its sid, without the one that came", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(300));
    const alertId = await desk.deliver(digest());

    await desk.step();

    expect(await desk.addressesOf("splunk-rows")).toEqual(addresses(1, 300));
    const found = await desk.store.alert(alertId);
    expect(found?.summary).toMatchObject({
      isGenuine: true,
      recovery: { state: "done", rows: 299, error: null },
    });
    const [further] = await desk.store.alertsOfSid(sid, ["splunk-rows"]);
    expect(further).toMatchObject({
      searchName: "SSH brute force",
      app: "search",
      owner: "admin",
      resultsLink: found?.alert.resultsLink,
    });
    expect(await desk.step()).toBe(1000);
    expect(desk.splunk.asked).toEqual([`job ${sid}`, `results ${sid}`]);
  });

  test("are in alerts of at most 2,000 rows, and a crash between two of them repeats nothing", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(5000));
    await desk.deliver(digest());
    desk.splunk.failAfterPages = 3;
    await desk.step("one");
    const half = await desk.store.alertsOfSid(sid, ["splunk-rows"]);
    desk.splunk.failAfterPages = Number.POSITIVE_INFINITY;
    desk.advance(5);

    await desk.step("two");

    expect(half.map((alert) => alert.rows.length)).toEqual([1999]);
    const all = await desk.store.alertsOfSid(sid, ["splunk-rows"]);
    expect(all.map((alert) => alert.rows.length).toSorted((a, b) => a - b)).toEqual([1000, 1999, 2000]);
    expect(await desk.addressesOf("splunk-rows")).toEqual(addresses(1, 5000));
    expect(await desk.store.counts(desk.now())).toMatchObject({ rowsRecovered: 4999, recoveriesWaiting: 0 });
  });

  test("two replicas do the same once", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(300));
    await desk.deliver(digest());

    await Promise.all([desk.step("one"), desk.step("two")]);

    expect(await desk.addressesOf("splunk-rows")).toEqual(addresses(1, 300));
    expect(desk.splunk.asked).toHaveLength(2);
  });

  test("are not fetched when the alert came with more than one row, or with one row of many", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(300));

    await desk.deliver(perResult(1));
    await desk.deliver(digest({ results: [{ src_ip: address(0) }, { src_ip: address(1) }] }));
    await desk.deliver(digest({ sid: "../../jobs" }));

    await desk.step();
    expect(desk.splunk.asked).toEqual([]);
  });

  test("are not fetched for a sid of another search: it could be any list of addresses", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(300), { searchName: "our best customers" });
    const alertId = await desk.deliver(digest());

    await desk.step();

    expect(await desk.addressesOf("splunk-rows")).toEqual([]);
    const summary = (await desk.store.alert(alertId))?.summary;
    expect(summary?.recovery).toMatchObject({ state: "failed" });
    expect(summary).toMatchObject({
      isGenuine: false,
      doubt: "Splunk knows this sid as a run of the search our best customers in app search",
    });
  });

  test("are fetched although a forged alert with the same sid came first", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(3));
    await desk.deliver(digest({ search_name: "another", result: { src_ip: "198.51.100.1" } }));
    await desk.step();
    await desk.deliver(digest());
    desk.advance(10);

    await desk.step();

    expect(await desk.addressesOf("splunk-rows")).toEqual(addresses(1, 3));
  });
});

describe("when Splunk does not give them", () => {
  const reasonOf = async (desk: Awaited<ReturnType<typeof recoveryDesk>>, id: string) =>
    (await desk.store.alert(id))?.summary.recovery;

  test("not ready: it is asked again after 1, 2, 4 … seconds, and given up after ten minutes", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(3), { state: "running" });
    const alertId = await desk.deliver(digest());
    const askedAt: number[] = [];
    for (let second = 0; second <= 700; second += 1) {
      const before = desk.splunk.asked.length;
      await desk.step();
      if (desk.splunk.asked.length > before) {
        askedAt.push(second);
      }
      desk.advance(1);
    }

    expect(askedAt.slice(0, 5)).toEqual([0, 1, 3, 7, 15]);
    expect(await reasonOf(desk, alertId)).toEqual({
      state: "failed",
      rows: 0,
      error: "the search still runs",
    });
    expect(await desk.store.openAlarms()).toMatchObject([{ key: rowsAlarm }]);
  });

  test.each(["SPLUNK_UNKNOWN_SID", "SPLUNK_FORBIDDEN", "SPLUNK_REJECTED"] as const)(
    "%s: it is given up at once, with the reason on the alert and one alarm",
    async (code) => {
      const desk = await recoveryDesk();
      desk.splunk.failure = splunkError(code);
      const alertId = await desk.deliver(digest());
      await desk.deliver(digest({ sid: "scheduler__admin__search__RMD5_at_1760000700_13" }));

      await desk.step();

      expect(await reasonOf(desk, alertId)).toEqual({
        state: "failed",
        rows: 0,
        error: splunkError(code).message,
      });
      expect(await desk.store.openAlarms()).toMatchObject([
        { key: rowsAlarm, message: expect.stringContaining(splunkError(code).message) },
      ]);
      expect(await desk.store.counts(desk.now())).toMatchObject({
        recoveriesFailed: 2,
        notificationsWaiting: 1,
      });
    },
  );

  test("out of reach: it is told when that lasts, everything is fetched afterwards, and the alarm ends", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(300));
    desk.splunk.failure = splunkError("SPLUNK_UNREACHABLE");
    const alertId = await desk.deliver(digest());
    await desk.step();
    const atFirst = { alarms: await desk.store.openAlarms(), recovery: await reasonOf(desk, alertId) };
    for (let minute = 0; minute < 60; minute += 1) {
      desk.advance(60);
      await desk.step();
    }
    const later = await desk.store.openAlarms();
    desk.splunk.failure = undefined;
    desk.advance(300);

    await desk.step();

    expect(atFirst).toEqual({
      alarms: [],
      recovery: { state: "waiting", rows: 0, error: splunkError("SPLUNK_UNREACHABLE").message },
    });
    expect(later).toMatchObject([{ key: rowsAlarm }]);
    expect(await desk.store.openAlarms()).toEqual([]);
    expect(await desk.addressesOf("splunk-rows")).toEqual(addresses(1, 300));
  });

  test("a refused login is tried once in five minutes, however many wait: a wrong password locks the account", async () => {
    const desk = await recoveryDesk();
    desk.splunk.failure = splunkError("SPLUNK_LOGIN_REFUSED");
    for (let n = 0; n < 40; n += 1) {
      await desk.deliver(digest({ sid: `1760000400.${n}` }));
    }

    for (let second = 0; second < 299; second += 1) {
      await desk.step();
      desk.advance(1);
    }

    // What was begun at the same time; nothing after it.
    expect(desk.splunk.asked.length).toBeLessThanOrEqual(8);
    expect(await desk.store.openAlarms()).toMatchObject([{ key: rowsAlarm }]);
    expect(await desk.store.counts(desk.now())).toMatchObject({ recoveriesWaiting: 40, recoveriesFailed: 0 });
  });
});

describe("whether an alert is genuine", () => {
  const confirmationsOf = async (desk: Awaited<ReturnType<typeof recoveryDesk>>, ids: readonly string[]) =>
    Promise.all(ids.map(async (id) => (await desk.store.confirmationOf(id)).isGenuine));

  const row = (n: number): object => ({ src_ip: address(n), count: "5" });

  test("forged alerts are told from genuine ones of the same sid", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(300));
    const ids = [
      await desk.deliver(digest(), true),
      await desk.deliver(digest({ result: { src_ip: "198.51.100.1", count: "5" } }), true),
      await desk.deliver(digest({ search_name: "another", result: row(1) }), true),
      await desk.deliver(digest({ search_name: null, result: row(2) }), true),
      await desk.deliver(digest({ app: "another", result: row(3) }), true),
      await desk.deliver(digest({ sid: "scheduler__admin__search__RMD5_at_1760000400_99" }), true),
      await desk.deliver(digest({ sid: null }), true),
    ];

    await desk.step();

    expect(await confirmationsOf(desk, ids)).toEqual([true, false, false, false, false, false, false]);
  });

  test("of a run whose search Splunk does not tell the rows are fetched, but nothing is confirmed", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(3), { searchName: null });
    const ids = [
      await desk.deliver(digest(), true),
      // What was never saved has no name on either side.
      await desk.deliver(digest({ search_name: null, result: row(1) }), true),
    ];

    await desk.step();

    expect(await confirmationsOf(desk, ids)).toEqual([false, true]);
    expect(await desk.addressesOf("splunk-rows")).toEqual([address(2)]);
  });

  test("alerts of single rows are confirmed with one question, and bring no further rows", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(20));
    const ids = [];
    for (let n = 1; n <= 10; n += 1) {
      ids.push(await desk.deliver(perResult(n), true));
    }
    const forged = await desk.deliver(perResult(11, { result: { src_ip: "198.51.100.1" } }), true);
    desk.advance(1);

    await desk.step();

    expect(await confirmationsOf(desk, ids)).toEqual(ids.map(() => true));
    expect(await confirmationsOf(desk, [forged])).toEqual([false]);
    expect(desk.splunk.asked).toEqual([`job ${sid}`, `results ${sid}`]);
    expect(await desk.addressesOf("splunk-rows")).toEqual([]);
  });

  test("one that comes after the answer is asked about again", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(20));
    await desk.deliver(perResult(1), true);
    desk.advance(1);
    await desk.step();
    const late = await desk.deliver(perResult(2), true);
    desk.advance(10);

    await desk.step();

    expect(await confirmationsOf(desk, [late])).toEqual([true]);
  });
});
