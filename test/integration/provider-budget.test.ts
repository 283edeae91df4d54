import { describe, expect, test } from "vitest";
import { stranger } from "../fakes/enrich-desk.ts";
import { eventually } from "../fakes/eventually.ts";
import { attacker, type ProviderDesk, startProviderDesk } from "./provider-desk.ts";

/** More than two look-ups a day, or a month, there are not. */
const two = { minute: 1000, day: 10_000, month: 100_000 };
const perMinute = { providers: { virustotal: { perMinute: 1000 } } };

/** Posts one after the other and waits until each is decided. */
async function decide(desk: ProviderDesk, ...addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const before = (await desk.decisions()).length;
    await desk.app().post(address);
    await eventually(`the decision on ${address}`, async () => (await desk.decisions()).length > before);
  }
}

describe("a budget that is spent", () => {
  test.each([
    ["of the day, at midnight UTC", "2026-11-20T23:50:00Z", { ...two, day: 2 }],
    ["of the month, at its end", "2026-11-30T23:50:00Z", { ...two, month: 2 }],
  ])("%s: the next address waits till then, and nobody is asked before", async (_what, begin, quota) => {
    const desk = await startProviderDesk({
      begin: new Date(begin),
      virusTotal: { quota },
      settings: perMinute,
    });
    await decide(desk, stranger(1), stranger(2));

    await desk.app().post(attacker);
    await eventually("a sighting that waits", desk.waits);

    expect(desk.firewall.applied).toEqual([]);
    expect([...desk.virusTotal.asked.keys()]).toEqual([stranger(1), stranger(2)]);
    desk.advance(601);
    await eventually("the block", () => desk.firewall.entries.size === 1);
    expect(desk.virusTotal.refused()).toBe(0);
  });

  test("does not come back when the clock is put back over midnight", async () => {
    const desk = await startProviderDesk({
      begin: new Date("2026-11-21T00:05:00Z"),
      virusTotal: { quota: { ...two, day: 2 }, now: () => new Date("2026-11-21T00:05:00Z") },
      settings: perMinute,
    });
    await decide(desk, stranger(1), stranger(2));

    desk.advance(-1200);
    await desk.app().post(attacker);
    await eventually("a sighting that waits", desk.waits);
    desk.advance(600);
    // A later one has been looked at, so the first one has been too.
    await desk.app().post(stranger(3));
    await eventually("both waiting", async () => (await desk.counts()).lookUpsWaiting === 2);

    expect(desk.firewall.applied).toEqual([]);
    expect({ asked: desk.virusTotal.asked.size, refused: desk.virusTotal.refused() }).toEqual({
      asked: 2,
      refused: 0,
    });
  });

  test("raises one alarm, which ends when the budget is back", async () => {
    const desk = await startProviderDesk({
      begin: new Date("2026-11-20T10:00:00Z"),
      virusTotal: { quota: { ...two, day: 2 } },
      settings: perMinute,
    });
    await decide(desk, stranger(1), stranger(2));

    await desk.app().post(attacker);
    const alarm = await eventually("the alarm", () => desk.notifier.alarms[0]);

    expect(alarm.message).toMatch(/VirusTotal.* 1 waiting address:/);
    desk.advance(14 * 3600 + 1);
    await eventually("the block", () => desk.firewall.entries.size === 1);
    await eventually("the end of the alarm", async () => (await desk.counts()).alarmsOpen === 0);
    expect(desk.notifier.alarms).toHaveLength(1);
  });
});

describe("two providers", () => {
  test("while one waits for hours, what the other said is not bought again", async () => {
    const desk = await startProviderDesk({
      providers: ["virustotal", "abuseipdb"],
      begin: new Date("2026-11-20T20:00:00Z"),
      virusTotal: { addresses: {}, quota: { ...two, day: 2 } },
      abuseIpdb: { addresses: {} },
      settings: perMinute,
    });
    await decide(desk, stranger(1), stranger(2));
    await desk.app().post(attacker);
    await eventually("a sighting that waits", desk.waits);

    // Four times as long as it is kept that nobody knows an address.
    desk.advance(4 * 3600 + 1);
    await eventually("the decision", async () => (await desk.decisions()).length === 3);

    expect([...desk.abuseIpdb.asked]).toEqual([stranger(1), stranger(2), attacker].map((ip) => [ip, 1]));
    expect([...desk.virusTotal.asked.values()]).toEqual([1, 1, 1]);
    const [decision] = await desk.decisions();
    expect(decision).toMatchObject({ action: "watch", ip: attacker, inputs: { missing: [] } });
  });

  test("one that is down does not hold up what the other one knows", async () => {
    const desk = await startProviderDesk({ providers: ["virustotal", "abuseipdb"] });
    desk.virusTotal.failNext("transient", 100);

    await desk.app().post(attacker);
    await eventually("the block", () => desk.firewall.entries.size === 1);

    const [decision] = await desk.decisions();
    expect(decision?.findings).toMatchObject([{ provider: "abuseipdb", status: "known" }]);
  });
});

describe("what the policy says about a provider that can't be asked", () => {
  // oxlint-disable-next-line unicorn/no-thenable -- the file's word; what is there is a text, never a function
  const unavailable = (then: string, after: string) => ({ policy: { unavailable: { then, after } } });

  test("hold: after its time a person is asked, and nothing is blocked", async () => {
    const desk = await startProviderDesk({ settings: unavailable("hold", "15m") });
    desk.virusTotal.failNext("quota-with-retry-after", 100);
    await desk.app().post(attacker);
    await eventually("a sighting that waits", desk.waits);

    desk.advance(901);
    await eventually("the hold", async () => (await desk.counts()).holdsWaiting === 1);

    const [decision] = await desk.decisions();
    expect(decision).toMatchObject({
      action: "hold",
      holdCause: "provider",
      inputs: { missing: ["virustotal"] },
    });
    expect(desk.firewall.applied).toEqual([]);
  });

  test("decide-without: it is decided at once, which can't be a block, and says who is missing", async () => {
    const desk = await startProviderDesk({ settings: unavailable("decide-without", "0s") });
    desk.virusTotal.failNext("quota-with-retry-after", 100);

    await desk.app().post(attacker);
    await eventually("the decision", async () => (await desk.decisions()).length === 1);

    const [decision] = await desk.decisions();
    expect(decision).toMatchObject({ action: "watch", findings: [], inputs: { missing: ["virustotal"] } });
    expect(desk.firewall.applied).toEqual([]);
  });

  test("wait: for a week, then it is decided by what is known", async () => {
    const desk = await startProviderDesk();
    desk.virusTotal.failNext("quota-with-retry-after", 10_000);
    await desk.app().post(attacker);
    await eventually("a sighting that waits", desk.waits);

    desk.advance(7 * 86_400 + 1);
    await eventually("the decision", async () => (await desk.decisions()).length === 1);

    const [decision] = await desk.decisions();
    expect(decision).toMatchObject({ action: "watch", inputs: { missing: ["virustotal"] } });
    expect(desk.firewall.applied).toEqual([]);
  });
});
