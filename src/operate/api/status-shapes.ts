import { z } from "zod";
import { Count, Foreign, Time } from "./common-shapes.ts";
import { component } from "./components.ts";
import { ControlsShape } from "./control-shapes.ts";
import { ModeName } from "./decision-shapes.ts";
import { AlarmShape } from "./people-shapes.ts";
import { ProviderShape } from "./provider-shapes.ts";

/** One firewall, as it is configured and as it was last seen. */
export const FirewallShape = component(
  "Firewall",
  z.object({
    name: z.string(),
    host: z.string(),
    groups: z.array(z.string()),
    canary: z.boolean(),
    enabled: z.boolean(),
    via: z.enum(["root", "sudo", "helper"]),
    state: z.enum(["in-sync", "out-of-sync", "unreachable", "not-reached-yet", "disabled"]),
    pending: Count,
    lagSeconds: z.number().min(0),
    unreachableSince: Time.nullable(),
    inSyncAt: Time.nullable(),
    checkedAt: Time.nullable(),
    error: Foreign.nullable(),
    drifts: Count,
    lastDrift: z
      .object({ foundAt: Time, lastGoodAt: Time.nullable(), findings: z.array(Foreign) })
      .nullable(),
    capacity: z.object({ used: Count, most: Count }).nullable(),
  }),
);

export const FirewallList = z.object({ firewalls: z.array(FirewallShape) });

const Counts = z.object({
  alerts: Count,
  alertsWaiting: Count,
  alertsFailed: Count,
  sightingsWaiting: Count,
  sightingsFailed: Count,
  decisions: z.record(z.string(), Count),
  blocksStanding: Count,
  enforcementsPending: Count,
  notificationsWaiting: Count,
  notificationsFailed: Count,
  unreadableDeliveries: Count,
  unreadableLately: Count.describe("Of the last 24 h"),
  lastUnreadableAt: Time.nullable(),
  lookUpsWaiting: Count,
  holdsWaiting: Count,
  alarmsOpen: Count,
  shadowDifferences: Count,
  recoveriesWaiting: Count.describe("Runs of searches about which Splunk is still to be asked"),
  recoveriesFailed: Count,
  rowsRecovered: Count,
});

/** How the program is doing. */
export const StatusAnswer = component(
  "Status",
  z.object({
    version: z.string(),
    mode: ModeName,
    startedAt: Time,
    counts: Counts,
    firewalls: z.array(FirewallShape),
    providers: z.array(ProviderShape),
    searches: z
      .array(
        z.object({
          name: Foreign,
          alerts: Count,
          lastAlertAt: Time.nullable(),
          silence: Foreign.nullable().describe("Why nothing may come from it any more"),
        }),
      )
      .describe("Saved searches that have sent something, that Splunk tells of, or that are expected"),
    controls: ControlsShape,
    alarms: z.array(AlarmShape),
    troubles: z.array(Foreign).describe("What is not configured or not well. Empty when all is well"),
  }),
);
