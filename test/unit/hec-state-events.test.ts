import { expect, test } from "vitest";
import type { ToldEvent } from "../../src/domain/told-event.ts";
import { envelope } from "../../src/notify/hec/envelope.ts";
import type { ProviderState } from "../../src/operate/read-providers.ts";
import { stateEvents } from "../../src/operate/state-events.ts";
import type { StoreCounts } from "../../src/ports.ts";
import { toldFields } from "../fakes/told-fields.ts";
import { after, t0 } from "../fakes/samples.ts";

const sent = (event: ToldEvent): string =>
  JSON.stringify(
    JSON.parse(envelope(event, { hostname: "blocker01", version: "0.2.0", index: null })),
    null,
    2,
  );

const counts: StoreCounts = {
  alerts: 1,
  alertsWaiting: 2,
  alertsFailed: 3,
  sightingsWaiting: 4,
  sightingsFailed: 5,
  decisions: { block: 6 },
  blocksStanding: 7,
  enforcementsPending: 8,
  notificationsWaiting: 9,
  notificationsFailed: 10,
  unreadableDeliveries: 11,
  unreadableLately: 12,
  lastUnreadableAt: null,
  lookUpsWaiting: 13,
  holdsWaiting: 14,
  alarmsOpen: 15,
  shadowDifferences: 16,
  recoveriesWaiting: 17,
  recoveriesFailed: 18,
  rowsRecovered: 19,
};

test("how things stand, and what is left of each quota", async () => {
  const day = { name: "day", limit: 500, used: 40, left: 460, resetsAt: after(3600) } as const;
  const idle = { gear: "free", notBefore: null, totals: {}, runsOutAt: null, trouble: null } as const;
  const provider = {
    title: "",
    isOptional: false,
    state: "ok",
    waiting: 3,
    oldestWaitingAt: null,
  } as const;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest of a budget is not told
  const states = [
    { ...provider, ...idle, name: "virustotal", windows: [day], network: null },
    {
      ...provider,
      ...idle,
      name: "abuseipdb",
      windows: [],
      network: { ...idle, windows: [{ ...day, resetsAt: null }] },
    },
    { ...provider, ...idle, name: "greynoise", windows: [], network: null },
  ] as unknown as readonly ProviderState[];
  const events = await stateEvents(
    {
      store: {
        counts: () => Promise.resolve(counts),
        controls: () => Promise.resolve({ paused: null, limited: null }),
      },
      providers: { states: () => Promise.resolve(states) },
      mode: "enforce",
      now: () => t0,
    },
    t0,
  );

  // What has no windows is told without them.
  for (const { kind, fields } of events.slice(0, 2)) {
    expect([kind, Object.keys(fields).toSorted()]).toEqual([kind, toldFields[kind].toSorted()]);
  }
  expect(events.map(sent).join("\n")).toMatchInlineSnapshot(`
    "{
      "time": 1795251600,
      "host": "blocker01",
      "source": "portcullis",
      "sourcetype": "portcullis:status",
      "event": {
        "event_id": "status:1795251600000",
        "kind": "status",
        "vendor_product": "Portcullis",
        "product_version": "0.2.0",
        "mode": "enforce",
        "paused": false,
        "alerts_waiting": 2,
        "sightings_waiting": 4,
        "look_ups_waiting": 13,
        "holds_waiting": 14,
        "blocks_standing": 7,
        "enforcements_pending": 8,
        "notifications_waiting": 9,
        "notifications_failed": 10,
        "alarms_open": 15,
        "unreadable_lately": 12
      }
    }
    {
      "time": 1795251600,
      "host": "blocker01",
      "source": "portcullis",
      "sourcetype": "portcullis:provider",
      "event": {
        "event_id": "provider:virustotal:day:1795251600000",
        "kind": "provider",
        "vendor_product": "Portcullis",
        "product_version": "0.2.0",
        "provider": "virustotal",
        "state": "ok",
        "waiting": 3,
        "window": "day",
        "limit": 500,
        "used": 40,
        "left": 460,
        "resets_at": "2026-11-21T10:00:00.000Z"
      }
    }
    {
      "time": 1795251600,
      "host": "blocker01",
      "source": "portcullis",
      "sourcetype": "portcullis:provider",
      "event": {
        "event_id": "provider:abuseipdb:network_day:1795251600000",
        "kind": "provider",
        "vendor_product": "Portcullis",
        "product_version": "0.2.0",
        "provider": "abuseipdb",
        "state": "ok",
        "waiting": 3,
        "window": "network_day",
        "limit": 500,
        "used": 40,
        "left": 460
      }
    }
    {
      "time": 1795251600,
      "host": "blocker01",
      "source": "portcullis",
      "sourcetype": "portcullis:provider",
      "event": {
        "event_id": "provider:greynoise:none:1795251600000",
        "kind": "provider",
        "vendor_product": "Portcullis",
        "product_version": "0.2.0",
        "provider": "greynoise",
        "state": "ok",
        "waiting": 3
      }
    }"
  `);
});
