import { describe, expect, test } from "vitest";
import { readFirewalls } from "../../src/operate/read-firewalls.ts";
import { readStatus } from "../../src/operate/status.ts";
import { ago, configured, operateDesk, seen } from "./operate-desk.ts";

const stringContaining = (text: string): unknown => expect.stringContaining(text);

describe("each configured firewall is told", () => {
  test("with its settings, how it was last seen, and what waits for it; nothing of the login", async () => {
    const settings = {
      ...configured("edge-1", { groups: ["edge"], isCanary: true, via: "helper" }),
      password: "x",
    };
    const lastDrift = { foundAt: ago(5000), lastGoodAt: null, findings: ["the jump was gone"] };
    const desk = operateDesk({
      firewalls: [settings],
      records: [
        seen("edge-1", {
          state: "out-of-sync",
          error: "refused",
          drifts: 3,
          lastDrift,
          capacity: { used: 1, most: 9 },
        }),
        seen("no-longer-configured"),
      ],
      backlogs: [{ firewall: "edge-1", pending: 7, oldestAt: ago(2500) }],
    });

    expect(await readFirewalls(desk)).toEqual([
      {
        name: "edge-1",
        host: "edge-1.example.net",
        groups: ["edge"],
        canary: true,
        enabled: true,
        via: "helper",
        state: "out-of-sync",
        pending: 7,
        lagSeconds: 2.5,
        unreachableSince: null,
        inSyncAt: ago(1000),
        checkedAt: ago(1000),
        error: "refused",
        drifts: 3,
        lastDrift,
        capacity: { used: 1, most: 9 },
      },
    ]);
  });

  test("when nothing is known of it since the start, and when it is disabled", async () => {
    const beforeStart = new Date(0);
    const desk = operateDesk({
      firewalls: [configured("new"), configured("before"), configured("off", { isEnabled: false })],
      records: [seen("before", { checkedAt: beforeStart }), seen("off")],
    });

    expect(await readFirewalls(desk)).toMatchObject([
      { name: "new", state: "not-reached-yet", checkedAt: null, pending: 0, lagSeconds: 0, drifts: 0 },
      { name: "before", state: "not-reached-yet", checkedAt: beforeStart },
      { name: "off", state: "disabled", enabled: false },
    ]);
  });
});

describe("a trouble is", () => {
  const troubles = async (...holds: Parameters<typeof operateDesk>) =>
    (await readStatus(operateDesk(...holds))).troubles;
  const one = [configured("edge-1")];

  test.each([
    ["not reached yet", [], "firewall edge-1 has not been reached yet"],
    [
      "out of sync",
      [seen("edge-1", { state: "out-of-sync", error: "2 blocks are missing" })],
      "firewall edge-1 is out-of-sync: 2 blocks are missing",
    ],
    [
      "unreachable",
      [seen("edge-1", { state: "unreachable", error: "ETIMEDOUT", unreachableSince: ago(60_000) })],
      "firewall edge-1 is unreachable since 2026-11-20T12:59:00.000Z: ETIMEDOUT",
    ],
    [
      "nearly full",
      [seen("edge-1", { capacity: { used: 80, most: 100 } })],
      "firewall edge-1 holds 80 of at most 100 networks",
    ],
  ])("a firewall that is %s", async (_what, records, trouble) => {
    expect(await troubles({ firewalls: one, records })).toEqual([stringContaining(trouble)]);
  });

  test("not a firewall that is well, disabled, no longer configured, or not used in this mode", async () => {
    const bad = { state: "unreachable", error: "x", capacity: { used: 9, most: 9 } } as const;

    expect(
      await troubles({ firewalls: one, records: [seen("edge-1", { capacity: { used: 79, most: 100 } })] }),
    ).toEqual([]);
    expect(
      await troubles({
        firewalls: [configured("edge-1", { isEnabled: false })],
        records: [seen("edge-1", bad)],
      }),
    ).toEqual([]);
    expect(await troubles({ firewalls: one, records: [seen("edge-1"), seen("old", bad)] })).toEqual([]);
    expect(await troubles({ mode: "observe", firewalls: one, records: [seen("edge-1", bad)] })).toEqual([]);
  });

  test("a block that a canary has withdrawn, and not one that still waits for it", async () => {
    const holds = {
      firewalls: [
        configured("canary", { isCanary: true }),
        configured("off", { isCanary: true, isEnabled: false }),
      ],
      records: [seen("canary")],
      withdrawn: ["bl_1", "bl_2"],
    };
    const desk = operateDesk(holds);

    expect((await readStatus(desk)).troubles).toEqual([
      stringContaining("2 blocks were taken off the canary"),
    ]);
    expect(desk.askedCanaries).toEqual(["canary"]);
    expect(await troubles({ ...holds, withdrawn: [] })).toEqual([]);
  });

  test("one block that a canary has withdrawn, in the singular", async () => {
    const holds = { firewalls: [configured("canary", { isCanary: true })], records: [seen("canary")] };

    expect(await troubles({ ...holds, withdrawn: ["bl_1"] })).toEqual([
      stringContaining("1 block was taken off the canary again"),
    ]);
  });

  test.each([
    [1, "firewall edge-1 is disabled while 1 change waits for it"],
    [2, "firewall edge-1 is disabled while 2 changes wait for it"],
  ])("a disabled firewall for which %d changes wait", async (pending, trouble) => {
    const holds = {
      firewalls: [configured("edge-1", { isEnabled: false })],
      backlogs: [{ firewall: "edge-1", pending, oldestAt: ago(1000) }],
    };

    expect(await troubles(holds)).toEqual([stringContaining(trouble)]);
    expect(await troubles({ ...holds, mode: "observe" })).toEqual([]);
  });

  test("everything that failed", async () => {
    const counts = { alertsFailed: 1, sightingsFailed: 2, unreadableDeliveries: 3, notificationsFailed: 4 };

    expect(await troubles({ counts })).toEqual([
      "1 alert could not be processed",
      stringContaining("2 sighted addresses"),
      stringContaining("3 deliveries"),
      stringContaining("4 notifications"),
    ]);
  });
});
