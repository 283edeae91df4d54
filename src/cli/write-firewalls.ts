import { z } from "zod";
import { utc } from "../notify/words.ts";
import { Shown } from "./ask-api.ts";
import { table } from "./table.ts";

const Time = z.coerce.date();

/** How one firewall is, as the status tells it. */
export const FirewallState = z.object({
  name: Shown,
  state: Shown,
  canary: z.boolean(),
  groups: z.array(Shown),
  pending: z.number(),
  lagSeconds: z.number(),
  unreachableSince: Time.nullable(),
  inSyncAt: Time.nullable(),
  drifts: z.number(),
  lastDrift: z.object({ foundAt: Time, lastGoodAt: Time.nullable(), findings: z.array(Shown) }).nullable(),
  capacity: z.object({ used: z.number(), most: z.number() }).nullable(),
});
type FirewallState = z.infer<typeof FirewallState>;

/** Firewalls for people: a table, and what others have changed on them. */
export function writeFirewalls(firewalls: readonly FirewallState[]): string {
  const head = ["firewall", "state", "pending", "waits", "in sync", "networks", "drifts", "groups"];
  const rows = firewalls.map(
    ({ name, state, canary, groups, pending, lagSeconds, unreachableSince, inSyncAt, drifts, capacity }) => [
      name,
      unreachableSince === null ? state : `${state} since ${utc(unreachableSince)}`,
      String(pending),
      pending === 0 ? "-" : `${lagSeconds.toFixed(1)} s`,
      inSyncAt === null ? "never" : utc(inSyncAt),
      capacity === null ? "-" : `${capacity.used} of ${capacity.most}`,
      String(drifts),
      [...groups, ...(canary ? ["(canary)"] : [])].join(" "),
    ],
  );
  return `${table([head, ...rows])}${firewalls.map(driftLine).join("")}`;
}

function driftLine({ name, lastDrift }: FirewallState): string {
  if (lastDrift === null) {
    return "";
  }
  const { foundAt, lastGoodAt, findings } = lastDrift;
  const good = lastGoodAt === null ? "" : ` (last good ${utc(lastGoodAt)})`;
  return `${name}: found changed by others ${utc(foundAt)}${good}: ${findings.join("; ")}\n`;
}
