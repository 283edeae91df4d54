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

test("forged alerts that say only a part of the rows keep none of them away", async () => {
  const desk = await recoveryDesk();
  desk.splunk.addRun(sid, rows(5));
  await desk.deliver(digest());
  await desk.deliver(digest({ result: null, results: Array.from({ length: 5 }, () => ({ count: "5" })) }));

  await desk.step();

  expect(await desk.addressesOf("splunk-rows")).toEqual(addresses(1, 5));
});

describe("when Splunk does not give them", () => {
  const reasonOf = async (desk: Awaited<ReturnType<typeof recoveryDesk>>, id: string) =>
    (await desk.store.alert(id))?.summary.recovery;

  test("not ready: it is asked again after 1, 2, 4 … seconds, told after ten minutes, and given up after a day", async () => {
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

    const late = { alarms: await desk.store.openAlarms(), recovery: await reasonOf(desk, alertId) };
    desk.advance(24 * 3600);
    await desk.step();

    expect(askedAt.slice(0, 5)).toEqual([0, 1, 3, 7, 15]);
    expect(late).toMatchObject({ alarms: [{ key: rowsAlarm }], recovery: { state: "waiting" } });
    expect(await reasonOf(desk, alertId)).toEqual({
      state: "failed",
      rows: 0,
      error: "the search still runs",
    });
    expect(await desk.store.openAlarms()).toMatchObject([{ key: rowsAlarm }]);
  });

  test("not ready after it was out of reach for long, as while it starts: it is asked again", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(3));
    desk.splunk.failure = splunkError("SPLUNK_UNREACHABLE");
    await desk.deliver(digest());
    await desk.step();
    desk.advance(1800);
    desk.splunk.failure = splunkError("SPLUNK_NOT_READY");
    await desk.step();
    desk.splunk.failure = undefined;
    desk.advance(300);

    await desk.step();

    expect(await desk.addressesOf("splunk-rows")).toEqual(addresses(1, 3));
  });

  test("an answer that can't be read, as a proxy's page: it is asked again for an hour", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(3));
    desk.splunk.failure = splunkError("SPLUNK_ANSWER_INVALID");
    const alertId = await desk.deliver(digest());
    await desk.step();
    const atFirst = await reasonOf(desk, alertId);
    desk.splunk.failure = undefined;
    desk.advance(300);

    await desk.step();

    expect(atFirst).toMatchObject({ state: "waiting" });
    expect(await desk.addressesOf("splunk-rows")).toEqual(addresses(1, 3));

    const other = await recoveryDesk();
    other.splunk.failure = splunkError("SPLUNK_ANSWER_INVALID");
    const inVain = await other.deliver(digest());
    for (let minute = 0; minute <= 70; minute += 5) {
      await other.step();
      other.advance(300);
    }
    expect(await reasonOf(other, inVain)).toMatchObject({ state: "failed" });
    expect(await other.store.openAlarms()).toMatchObject([{ key: rowsAlarm }]);
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
