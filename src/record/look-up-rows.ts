import { z } from "zod";
import type { Candidate } from "../domain/look-up.ts";
import { severities } from "../domain/severity.ts";
import type { Budget, PrefixListRecord, WaitingLookUp } from "../ports.ts";
import { Address, Json, Prefix, Texts, Time } from "./columns.ts";

const StoredCandidate = z.object({
  severity: z.enum(severities),
  events: z.number(),
  searches: Texts,
  firewalls: z.number(),
  closeness: z.number(),
});

export function candidateText({ ip: _ip, ...candidate }: Candidate): string {
  return JSON.stringify(candidate);
}

export const LookUpRow = z
  .object({ ip: Address, candidate: Json.pipe(StoredCandidate), priority: z.number(), since: Time })
  .transform(
    ({ ip, candidate, priority, since }): WaitingLookUp => ({
      ip,
      candidate: { ip, ...candidate },
      priority,
      since,
    }),
  );

/** What a sighting that waits has led to, by provider: `since` of the look-up that its events are in, and when the finding was found that it was made due for. */
export const StoredParking = z.object({
  added: z.record(z.string(), z.number()),
  seen: z.record(z.string(), z.number()),
});
export type StoredParking = z.infer<typeof StoredParking>;

export const ParkedText = Json.pipe(StoredParking);

const StoredBudget = z.object({
  windows: z.array(
    z.object({
      name: z.enum(["minute", "hour", "day", "week", "month"]),
      limit: z.number(),
      used: z.number(),
      counted: z.enum(["calendar", "told", "sliding"]),
      startedAt: Time,
      resetsAt: Time.nullable(),
      // There may be a thousand of them.
      recent: z.array(Time),
    }),
  ),
  notBefore: Time.nullable(),
  trouble: z.object({ kind: z.enum(["key", "quota", "unavailable"]), reason: z.string() }).nullable(),
  failures: z.number(),
  totals: z.object({ asked: z.number(), known: z.number(), unknown: z.number(), failed: z.number() }),
  underWay: z.array(z.object({ ip: z.string(), until: Time })).exactOptional(),
});

export const BudgetRow = z.object({ budget: Json.pipe(StoredBudget) }).transform((row): Budget => row.budget);

export function budgetText(budget: Budget): string {
  return JSON.stringify({
    ...budget,
    notBefore: budget.notBefore?.getTime() ?? null,
    windows: budget.windows.map((window) => ({
      ...window,
      startedAt: window.startedAt.getTime(),
      resetsAt: window.resetsAt?.getTime() ?? null,
      recent: window.recent.map((moment) => moment.getTime()),
    })),
    underWay: budget.underWay?.map(({ ip, until }) => ({ ip, until: until.getTime() })),
  });
}

const NetworksText = z.string().transform((text, context) => {
  const networks: PrefixListRecord["networks"][number][] = [];
  for (const line of text === "" ? [] : text.split("\n")) {
    const space = line.indexOf(" ");
    const { data: prefix } = Prefix.safeParse(space === -1 ? line : line.slice(0, space));
    if (prefix === undefined) {
      context.addIssue({ code: "custom", message: "not a list of networks" });
      return z.NEVER;
    }
    networks.push({ prefix, note: space === -1 ? "" : line.slice(space + 1) });
  }
  return networks;
});

export function networksText(networks: PrefixListRecord["networks"]): string {
  return networks.map(({ prefix, note }) => `${prefix} ${note.replaceAll(/[\r\n]+/g, " ")}`).join("\n");
}

export const PrefixListRow = z
  .object({
    name: z.string(),
    etag: z.string().nullable(),
    version: z.string(),
    networks: NetworksText,
    fetched_at: Time,
    checked_at: Time,
  })
  .transform(
    (row): PrefixListRecord => ({
      name: row.name,
      etag: row.etag,
      version: row.version,
      networks: row.networks,
      fetchedAt: row.fetched_at,
      checkedAt: row.checked_at,
    }),
  );
