import { z } from "zod";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";

const Time = z.coerce.date();

const FirewallAnswer = z.object({
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
type FirewallAnswer = z.infer<typeof FirewallAnswer>;

const StatusAnswer = z.object({
  version: Shown,
  mode: Shown,
  startedAt: Shown,
  counts: z.record(Shown, z.union([z.number(), z.record(Shown, z.number())])),
  firewalls: z.array(FirewallAnswer),
  troubles: z.array(Shown),
});

/** Prints how the receiver is doing. @throws {AppError} API_UNREACHABLE, API_REFUSED */
export async function status(
  host: Host,
  options: { readonly json?: true; readonly url?: string },
): Promise<ExitCode> {
  const config = await readReceiver(host);
  const body = await askApi(config, { method: "GET", path: "/api/v1/status", url: options.url });
  const report = readAnswer(body, StatusAnswer);
  host.out(options.json === true ? shownJson(body) : format(report));
  return report.troubles.length === 0 ? 0 : 1;
}

function format({
  version,
  mode,
  startedAt,
  counts,
  firewalls,
  troubles,
}: z.infer<typeof StatusAnswer>): string {
  const rows = [
    ["Portcullis", `${version}, mode ${mode}, running since ${startedAt}`],
    ...Object.entries(counts).map(([name, count]) => [
      words(name),
      typeof count === "number" ? String(count) : listed(count),
    ]),
    ...troubles.map((trouble) => ["trouble", trouble]),
  ];
  return `${table(rows)}${firewalls.length === 0 ? "" : `\n${firewallTable(firewalls)}${driftLines(firewalls)}`}`;
}

function firewallTable(firewalls: readonly FirewallAnswer[]): string {
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
  return table([head, ...rows]);
}

function driftLines(firewalls: readonly FirewallAnswer[]): string {
  return firewalls
    .flatMap(({ name, lastDrift }) => {
      if (lastDrift === null) {
        return [];
      }
      const { foundAt, lastGoodAt, findings } = lastDrift;
      const good = lastGoodAt === null ? "" : ` (last good ${utc(lastGoodAt)})`;
      return [`${name}: found changed by others ${utc(foundAt)}${good}: ${findings.join("; ")}\n`];
    })
    .join("");
}

/** `blocksStanding` → `blocks standing`. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function listed(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
