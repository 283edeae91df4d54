import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { createMetrics } from "../../src/operate/metrics.ts";
import { prefix } from "../fakes/samples.ts";
import { ago, configured, operateDesk, sampleProvider, seen } from "./operate-desk.ts";

/** The samples of our own, without help texts. */
const ours = (text: string) => text.split("\n").filter((line) => line.startsWith("portcullis_"));

test("the metrics tell what is on record, and how each firewall is", async () => {
  const desk = operateDesk({
    firewalls: [
      configured("canary", { isCanary: true }),
      configured('a"b\\c'),
      configured("new"),
      configured("off", { isEnabled: false }),
    ],
    records: [
      seen("canary", { drifts: 2, capacity: { used: 100, most: 65_536 } }),
      seen('a"b\\c', { state: "unreachable", unreachableSince: ago(60_000) }),
      seen("old"),
    ],
    backlogs: [{ firewall: 'a"b\\c', pending: 5, oldestAt: ago(1500) }],
    withdrawn: ["bl_1"],
    counts: {
      alerts: 9,
      alertsWaiting: 1,
      decisions: { block: 3, ignore: 6 },
      blocksStanding: 3,
      enforcementsPending: 5,
      holdsWaiting: 2,
      alarmsOpen: 1,
      shadowDifferences: 4,
    },
    controls: { paused: { since: ago(1000), actor: "alice", reason: "storm" } },
    providers: [sampleProvider({ waiting: 340 }), sampleProvider({ name: "greynoise", windows: [] })],
    lists: [
      {
        name: "spamhaus-drop-v4",
        etag: null,
        version: "1",
        networks: [{ prefix: prefix("198.51.100.0/24"), note: "SBL1" }],
        fetchedAt: ago(90_000),
        checkedAt: ago(30_000),
      },
    ],
  });

  const metrics = createMetrics(desk);
  const text = await metrics.read();

  expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(ours(text)).toMatchInlineSnapshot(`
    [
      "portcullis_build_info{version="1.2.3",mode="enforce"} 1",
      "portcullis_alerts 9",
      "portcullis_alerts_waiting 1",
      "portcullis_alerts_failed 0",
      "portcullis_sightings_waiting 0",
      "portcullis_sightings_failed 0",
      "portcullis_notifications_waiting 0",
      "portcullis_notifications_failed 0",
      "portcullis_deliveries_unreadable 0",
      "portcullis_blocks_standing 3",
      "portcullis_enforcements_pending 5",
      "portcullis_holds_waiting 2",
      "portcullis_alarms_open 1",
      "portcullis_shadow_differences 4",
      "portcullis_recoveries_waiting 0",
      "portcullis_recoveries_failed 0",
      "portcullis_rows_recovered 0",
      "portcullis_blocks_withdrawn 1",
      "portcullis_decisions_total{action="block"} 3",
      "portcullis_decisions_total{action="ignore"} 6",
      "portcullis_firewall_drifts_total{firewall="canary"} 2",
      "portcullis_firewall_drifts_total{firewall="a\\"b\\\\c"} 0",
      "portcullis_firewall_drifts_total{firewall="new"} 0",
      "portcullis_firewall_capacity_used{firewall="canary"} 100",
      "portcullis_firewall_capacity_most{firewall="canary"} 65536",
      "portcullis_firewall_in_sync{firewall="canary"} 1",
      "portcullis_firewall_in_sync{firewall="a\\"b\\\\c"} 0",
      "portcullis_firewall_in_sync{firewall="new"} 0",
      "portcullis_firewall_pending{firewall="canary"} 0",
      "portcullis_firewall_pending{firewall="a\\"b\\\\c"} 5",
      "portcullis_firewall_pending{firewall="new"} 0",
      "portcullis_firewall_lag_seconds{firewall="canary"} 0",
      "portcullis_firewall_lag_seconds{firewall="a\\"b\\\\c"} 1.5",
      "portcullis_firewall_lag_seconds{firewall="new"} 0",
      "portcullis_firewall_unreachable_since_seconds{firewall="canary"} 0",
      "portcullis_firewall_unreachable_since_seconds{firewall="a\\"b\\\\c"} 1795179540",
      "portcullis_firewall_unreachable_since_seconds{firewall="new"} 0",
      "portcullis_provider_quota_left{provider="virustotal",window="minute"} 3",
      "portcullis_provider_quota_left{provider="virustotal",window="day"} 400",
      "portcullis_provider_quota_limit{provider="virustotal",window="minute"} 4",
      "portcullis_provider_quota_limit{provider="virustotal",window="day"} 500",
      "portcullis_look_ups_waiting{provider="virustotal"} 340",
      "portcullis_look_ups_waiting{provider="greynoise"} 0",
      "portcullis_look_ups_total{provider="virustotal",outcome="known"} 60",
      "portcullis_look_ups_total{provider="virustotal",outcome="unknown"} 38",
      "portcullis_look_ups_total{provider="virustotal",outcome="failed"} 2",
      "portcullis_look_ups_total{provider="greynoise",outcome="known"} 60",
      "portcullis_look_ups_total{provider="greynoise",outcome="unknown"} 38",
      "portcullis_look_ups_total{provider="greynoise",outcome="failed"} 2",
      "portcullis_list_entries{list="spamhaus-drop-v4"} 1",
      "portcullis_list_age_seconds{list="spamhaus-drop-v4"} 30",
      "portcullis_paused 1",
    ]
  `);
  expect(text).toContain("# TYPE portcullis_decisions_total counter");
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
});

test("outside mode enforce there is nothing to tell of firewalls", async () => {
  const text = await createMetrics(
    operateDesk({ mode: "observe", firewalls: [configured("edge-1")] }),
  ).read();

  expect(text).not.toContain("edge-1");
});

test("however often they are asked for, the store is read once a second at most", async () => {
  const desk = operateDesk();
  let reads = 0;
  const counting = {
    ...desk,
    store: {
      ...desk.store,
      counts: () => {
        reads += 1;
        return desk.store.counts(desk.now());
      },
    },
  };
  const metrics = createMetrics(counting);

  await Promise.all([metrics.read(), metrics.read()]);
  await metrics.read();

  expect(reads).toBe(1);
});

test("a slow store is left alone for twenty times as long as it took", async () => {
  const desk = operateDesk();
  let reads = 0;
  const metrics = createMetrics({
    ...desk,
    store: {
      ...desk.store,
      counts: async () => {
        reads += 1;
        await setTimeout(100);
        return desk.store.counts(desk.now());
      },
    },
  });

  await metrics.read();
  await setTimeout(1200);
  await metrics.read();

  expect(reads).toBe(1);
  await expect.poll(() => metrics.read().then(() => reads), { timeout: 5000 }).toBe(2);
});

test("a store that does not answer is told, and asked anew after a second", async () => {
  const desk = operateDesk();
  let isAway = true;
  const away = new AppError("STORE_UNAVAILABLE", "disk full", { retryable: true });
  const metrics = createMetrics({
    ...desk,
    store: { ...desk.store, backlogs: () => (isAway ? Promise.reject(away) : Promise.resolve([])) },
  });

  await expect(metrics.read()).rejects.toBe(away);
  isAway = false;

  await expect.poll(() => metrics.read().catch(() => ""), { timeout: 3000 }).toContain("portcullis_alerts 0");
});
