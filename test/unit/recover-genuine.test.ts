import { describe, expect, test } from "vitest";
import { address, digest, perResult, recoveryDesk, rows, sid } from "./recovery-desk.ts";

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

  test("where alerts must be genuine, no row is taken of a run without a name for an alert that names a search", async () => {
    const desk = await recoveryDesk(true);
    desk.splunk.addRun(sid, rows(3), { searchName: null });
    await desk.deliver(digest(), true);
    await desk.step();
    const forged = await desk.addressesOf("splunk-rows");
    await desk.deliver(digest({ search_name: null, result: row(1) }), true);
    desk.advance(10);

    await desk.step();

    expect(forged).toEqual([]);
    const further = await desk.store.alertsOfSid(sid, ["splunk-rows"]);
    expect(further.map(({ searchName }) => searchName)).toEqual([null]);
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
