import { describe, expect, test } from "vitest";
import { readFirewalls } from "../../src/operate/read-firewalls.ts";
import { readStatus } from "../../src/operate/status.ts";
import { ago, configured, operateDesk, sampleProvider, seen } from "./operate-desk.ts";

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

  test("a pause, and a limit that was reached, with who, why and the way out", async () => {
    const since = ago(60_000);

    expect(
      await troubles({
        counts: { holdsWaiting: 2 },
        controls: {
          paused: { since, actor: "alice", reason: "a storm" },
          limited: { since, reason: "500 new blocks an hour", held: 12 },
        },
      }),
    ).toEqual([
      'new blocks are paused since 2026-11-20T12:59:00.000Z by alice (a storm); 2 decisions wait for a person: "portcullis resume" ends it',
      'too many new blocks since 2026-11-20T12:59:00.000Z (500 new blocks an hour); 12 held: look at them with "portcullis approvals", then "portcullis resume" releases all',
    ]);
  });

  const day = { name: "day", limit: 500, resetsAt: new Date("2026-11-21T00:00:00.000Z") } as const;

  test.each([
    [
      { state: "refused", trouble: "401", waiting: 1 },
      "virustotal: the key is refused (401), 1 address waits",
    ],
    [
      {
        state: "short",
        waiting: 340,
        windows: [
          { name: "minute", limit: 4, used: 4, left: 0, resetsAt: null },
          { ...day, used: 488, left: 12 },
        ],
        runsOutAt: new Date("2026-11-20T14:00:00.000Z"),
      },
      "virustotal: 12 of 500 left today, 340 addresses wait, runs out about 2026-11-20 14:00 UTC",
    ],
    [
      { state: "exhausted", waiting: 9, windows: [{ ...day, used: 500, left: 0 }] },
      "virustotal: nothing is left of its budget until 2026-11-21 00:00 UTC, 9 addresses wait",
    ],
    [{ state: "unavailable", trouble: "timed out" }, "virustotal: does not answer (timed out)"],
  ] as const)("a provider that is %j", async (change, trouble) => {
    expect(await troubles({ providers: [sampleProvider(change)] })).toEqual([stringContaining(trouble)]);
  });

  test("an alarm, unless its provider tells it already; a provider that is well is none", async () => {
    const alarm = { id: "1", advice: "", raisedAt: ago(1), endedAt: null };
    const alarms = [
      { ...alarm, key: "provider-key virustotal", message: "the key is refused" },
      { ...alarm, key: "disk", message: "the disk is nearly full" },
    ];

    expect(await troubles({ alarms, providers: [sampleProvider()] })).toEqual(["the disk is nearly full"]);
  });

  test("a search whose alerts name no address, with its fields", async () => {
    const addressless = [
      { searchName: "VPN\u202e", alerts: 12, fields: ["attacker", "evil\u0007"] },
      { searchName: null, alerts: 1, fields: null },
      { searchName: "empty", alerts: 2, fields: [] },
      { searchName: "wide", alerts: 2, fields: Array.from({ length: 13 }, (_, n) => `f${n}`) },
    ];

    expect(await troubles({ addressless })).toEqual([
      'search "VPN\ufffd": no address was found in any of the last 12 alerts: name the field that holds the address (it has attacker, evil\ufffd) in extract.fields, or for this search alone in searches[].fields',
      "searches without a name: no address was found in the last alert: name the field that holds the address in extract.fields, or for this search alone in searches[].fields",
      'search "empty": no address was found in any of the last 2 alerts: its result has no rows: see what the search returns',
      stringContaining("f10, f11, …)"),
    ]);
  });

  test("everything that failed", async () => {
    const counts = {
      alertsFailed: 1,
      sightingsFailed: 2,
      unreadableDeliveries: 5,
      unreadableLately: 3,
      lastUnreadableAt: new Date("2026-11-20T12:30:00.000Z"),
      notificationsFailed: 4,
    };

    expect(await troubles({ counts })).toEqual([
      "1 alert could not be processed",
      stringContaining("2 sighted addresses"),
      '3 deliveries of the last 24 h could not be read, the last at 2026-11-20 12:30 UTC; "portcullis alerts --unreadable" shows them',
      stringContaining("4 notifications"),
    ]);
    expect(await troubles({ counts: { unreadableDeliveries: 5 } })).toEqual([]);
  });
});
