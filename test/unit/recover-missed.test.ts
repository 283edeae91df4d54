import { describe, expect, test } from "vitest";
import type { RecoveryCause } from "../../src/ports.ts";
import { address, digest, perResult, recoveryDesk, type RecoveryDesk, rows, sid } from "./recovery-desk.ts";

const addresses = (...numbers: readonly number[]): readonly string[] => numbers.map(address).toSorted();

/** As catch-up writes it down. */
async function miss({ store, now }: RecoveryDesk, cause: RecoveryCause): Promise<void> {
  const about = { searchName: "SSH brute force", app: "search", owner: "nobody", settings: null };
  await store.recordMissed(
    [{ sid, alertId: null, cause, ...about, isRepeated: cause === "missed-rows", dueAt: now() }],
    { name: "catch-up", at: now(), holder: "test" },
    now(),
  );
}

describe("an alert that never came", () => {
  test("is recovered with all its rows, and marked", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(3));
    await miss(desk, "missed");

    await desk.step();

    expect(await desk.addressesOf("splunk-recovered")).toEqual(addresses(0, 1, 2));
    expect(await desk.store.counts(desk.now())).toMatchObject({ alerts: 1, rowsRecovered: 3 });
  });

  test("that comes after all, before Splunk is asked, leaves its first row to it", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(3));
    await miss(desk, "missed");
    await desk.deliver(digest());

    await desk.step();

    expect(await desk.addressesOf("splunk-recovered")).toEqual(addresses(1, 2));
    expect(desk.splunk.asked).toEqual([`job ${sid}`, `results ${sid}`]);
  });

  test("is not recovered when Splunk knows the sid as a run of another search", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(3), { searchName: "our best customers" });
    await miss(desk, "missed");

    await desk.step();

    expect(await desk.addressesOf("splunk-recovered")).toEqual([]);
    expect(await desk.store.counts(desk.now())).toMatchObject({ recoveriesFailed: 1 });
  });
});

describe("rows that are sent one by one", () => {
  test("are recovered when they never came, each once, however often some are lost", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(6));
    for (const n of [1, 2, 4]) {
      await desk.deliver(perResult(n));
    }
    await miss(desk, "missed-rows");
    await desk.step();
    const first = await desk.addressesOf("splunk-recovered");
    desk.splunk.addRun(sid, rows(8));
    desk.advance(60);
    await miss(desk, "missed-rows");

    await desk.step();

    expect(first).toEqual(addresses(2, 4, 5));
    expect(await desk.addressesOf("splunk-recovered")).toEqual(addresses(2, 4, 5, 6, 7));
    expect(await desk.store.counts(desk.now())).toMatchObject({ rowsRecovered: 5 });
  });

  test("that look alike are as many as Splunk has", async () => {
    const desk = await recoveryDesk();
    const [row = []] = rows(1);
    desk.splunk.addRun(sid, [row, row, row]);
    await desk.deliver(perResult(1));
    await miss(desk, "missed-rows");

    await desk.step();

    expect(await desk.addressesOf("splunk-recovered")).toEqual(addresses(0, 0));
  });
});
