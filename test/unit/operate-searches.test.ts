import { describe, expect, test } from "vitest";
import { readStatus } from "../../src/operate/status.ts";
import type { SearchRecord, SearchTold } from "../../src/ports.ts";
import { ago, operateDesk } from "./operate-desk.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

const told = (changes: Partial<SearchTold> = {}): SearchTold => ({
  isScheduled: true,
  hasWebhook: true,
  nextRunAt: null,
  lastRunAt: ago(5 * minute),
  periodSeconds: 300,
  toldAt: ago(minute),
  ...changes,
});

const search = (changes: Partial<SearchRecord> = {}): SearchRecord => ({
  name: "SSH brute force",
  alerts: 7,
  lastAlertAt: ago(day),
  told: null,
  ...changes,
});

const silenceOf = async (
  one: SearchRecord,
  expectedSearches: readonly { readonly name: string; readonly expectSeconds: number | null }[] = [],
) => (await readStatus(operateDesk({ searches: [one], expectedSearches }))).searches[0]?.silence;

describe("a search in the status", () => {
  test("is told with its last alert; one of which nothing more is known is no trouble", async () => {
    const { searches, troubles } = await readStatus(operateDesk({ searches: [search()] }));

    expect(searches).toEqual([{ name: "SSH brute force", alerts: 7, lastAlertAt: ago(day), silence: null }]);
    expect(troubles).toEqual([]);
  });

  test.each([
    ["well", told(), null],
    [
      "without its webhook",
      told({ hasWebhook: false }),
      "sends nothing here any more: in Splunk its webhook or alert action is gone, or leads elsewhere",
    ],
    [
      "disabled",
      told({ isScheduled: false }),
      "does not run any more: in Splunk it is disabled, or has no schedule",
    ],
    ["two periods and ten minutes late", told({ lastRunAt: ago(21 * minute) }), null],
    [
      "later than that",
      told({ lastRunAt: ago(22 * minute) }),
      "has not run in Splunk since 2026-11-20 12:38 UTC, although it runs about every 5 min",
    ],
    ["of an unknown period", told({ lastRunAt: ago(day), periodSeconds: null }), null],
    ["when Splunk was not asked since", told({ lastRunAt: ago(day), toldAt: ago(day - 5 * minute) }), null],
  ])("that Splunk tells of: %s", async (_name, one, silence) => {
    expect(await silenceOf(search({ told: one }))).toBe(silence);
  });

  test("that was switched off more than a week ago is no news", async () => {
    const off = told({ hasWebhook: false, lastRunAt: ago(8 * day) });

    expect(await silenceOf(search({ told: off, lastAlertAt: ago(8 * day) }))).toBeNull();
    expect(await silenceOf(search({ told: off, lastAlertAt: ago(6 * day) }))).not.toBeNull();
  });

  test.each([
    [86_400, null],
    [86_399, "has sent nothing since 2026-11-19 13:00 UTC, although an alert is expected every 86399 s"],
  ])("that is expected every %i s and has sent something a day ago", async (expectSeconds, silence) => {
    expect(await silenceOf(search(), [{ name: "ssh*", expectSeconds }])).toBe(silence);
  });

  test("is judged by the first rule that fits it", async () => {
    const rules = [
      { name: "SSH*", expectSeconds: null },
      { name: "*", expectSeconds: 60 },
    ];

    expect(await silenceOf(search(), rules)).toBeNull();
  });

  test("that is expected by name and never came counts from the start", async () => {
    const { searches, troubles } = await readStatus(
      operateDesk({
        expectedSearches: [
          { name: "RDP", expectSeconds: 30 },
          { name: "VPN *", expectSeconds: 30 },
        ],
      }),
    );

    expect(searches).toMatchObject([{ name: "RDP", alerts: 0, lastAlertAt: null }]);
    expect(troubles).toEqual([
      "the search RDP has sent nothing since 2026-11-20 12:59 UTC, although an alert is expected every 30 s",
    ]);
  });
});
