import { describe, expect, test } from "vitest";
import type { AlertSettings } from "../../src/domain/alert-settings.ts";
import { readSplunkPayload } from "../../src/ingest/splunk-payload.ts";
import type { RecoveryCause } from "../../src/ports.ts";
import { address, digest, perResult, recoveryDesk, type RecoveryDesk, rows, sid } from "./recovery-desk.ts";

const addresses = (...numbers: readonly number[]): readonly string[] => numbers.map(address).toSorted();

/** As catch-up writes it down. */
async function miss(
  { store, now }: RecoveryDesk,
  cause: RecoveryCause,
  settings: AlertSettings | null = null,
): Promise<void> {
  const about = { searchName: "SSH brute force", app: "search", owner: "nobody", settings };
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

describe("rows that our own action lost", () => {
  test("are recovered without those that came signed, with what the search asks for", async () => {
    const desk = await recoveryDesk();
    desk.splunk.addRun(sid, rows(4));
    const deliveryId = `${sid}.0.abc`;
    const results = [0, 1].map((n) => ({ src_ip: address(n), count: "5", _time: "1760000400.000000" }));
    const about = { receivedAt: desk.now(), source: "splunk-action", deliveryId };
    await desk.store.insertAlerts([readSplunkPayload(digest({ result: null, results }), about)]);
    await miss(desk, "missed-rows", { fields: null, severity: null, mode: "observe", note: "x" });

    await desk.step();

    expect(await desk.addressesOf("splunk-recovered")).toEqual(addresses(2, 3));
    const [recovered] = await desk.store.alertsOfSid(sid, ["splunk-recovered"]);
    expect(recovered?.settings).toMatchObject({ mode: "observe", note: "x" });
    const [signed] = await desk.store.alertsOfSid(sid, ["splunk-action"]);
    expect(await desk.store.confirmationOf(signed?.id ?? "")).toEqual({ isGenuine: true, doubt: null });
    expect(await desk.store.counts(desk.now())).toMatchObject({ rowsRecovered: 2 });
  });
});
