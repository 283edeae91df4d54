import { z } from "zod";
import { cleanText } from "../domain/clean-text.ts";
import { utc } from "../notify/words.ts";
import { Shown } from "./ask-api.ts";
import type { ExitCode, Host } from "./host.ts";
import { type ListOptions, listPage } from "./list-page.ts";

const AlertAnswer = z.object({
  id: Shown,
  receivedAt: z.coerce.date(),
  source: Shown,
  searchName: Shown.nullable(),
  rows: z.number(),
  sightings: z.number(),
  waiting: z.number(),
  decisions: z.record(Shown, z.number()),
  error: Shown.nullable(),
  isGenuine: z.boolean().nullable(),
  doubt: Shown.nullable(),
  recovery: z
    .object({ state: z.enum(["waiting", "done", "failed"]), rows: z.number(), error: Shown.nullable() })
    .nullable(),
  noAddress: z.object({ fields: z.array(Shown).nullable(), hint: Shown }).nullable(),
});
type AlertAnswer = z.infer<typeof AlertAnswer>;

export interface AlertsOptions extends ListOptions {
  /** Instead those that could not be read. */
  readonly unreadable?: true;
}

/** Lists alerts, newest first. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export function alerts(host: Host, options: AlertsOptions): Promise<ExitCode> {
  return options.unreadable === true ? listUnreadable(host, options) : listReadable(host, options);
}

function listReadable(host: Host, options: ListOptions): Promise<ExitCode> {
  return listPage(host, options, {
    path: "/api/v1/alerts",
    key: "alerts",
    schema: AlertAnswer,
    head: ["received", "alert", "search", "from", "rows", "addresses", "waiting", "decisions"],
    row: (alert) => [
      utc(alert.receivedAt),
      alert.id,
      alert.searchName ?? "-",
      alert.source,
      String(alert.rows),
      String(alert.sightings),
      String(alert.waiting),
      [becameOf(alert), ...recoveryWords(alert)].join("; "),
    ],
    empty: "No alert has come yet.\n",
  });
}

/** What became of its other rows, and whether it is genuine. */
function recoveryWords({ recovery, isGenuine, doubt }: AlertAnswer): readonly string[] {
  const fetched = recovery === null ? [] : fetchedWords(recovery);
  // Where the fetching failed, its reason is the doubt.
  const isDoubted = isGenuine === false && doubt !== (recovery?.error ?? null);
  return isDoubted ? [...fetched, `not confirmed: ${doubt ?? "no reason known"}`] : fetched;
}

function fetchedWords({ state, rows, error }: NonNullable<AlertAnswer["recovery"]>): readonly string[] {
  const why = error === null ? "" : `: ${error}`;
  const words = {
    waiting: [`other rows not fetched yet${why}`],
    failed: [`other rows could not be fetched${why}`],
    done: rows > 0 ? [`${rows} more rows fetched`] : [],
  };
  return words[state];
}

const UnreadableAnswer = z.object({
  receivedAt: z.coerce.date(),
  remoteAddress: Shown,
  reason: Shown,
  bytes: z.number(),
  beginning: Shown,
});

function listUnreadable(host: Host, options: ListOptions): Promise<ExitCode> {
  return listPage(host, options, {
    path: "/api/v1/alerts/unreadable",
    key: "deliveries",
    schema: UnreadableAnswer,
    head: ["received", "from", "bytes", "why", "begins"],
    row: ({ receivedAt, remoteAddress, reason, bytes, beginning }) => [
      utc(receivedAt),
      remoteAddress,
      String(bytes),
      reason,
      cleanText(beginning, 60),
    ],
    empty: "Every delivery could be read.\n",
  });
}

/** In a list; the whole hint is told for the alert alone. */
function becameOf({ error, noAddress, decisions }: Pick<AlertAnswer, "error" | "noAddress" | "decisions">) {
  if (error !== null) {
    return `failed: ${error}`;
  }
  return noAddress === null ? countsOf(decisions) : `no address: ${cleanText(noAddress.hint, 200)}`;
}

function countsOf(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([action, count]) => `${count} ${action}`);
  return parts.length === 0 ? "-" : parts.join(", ");
}
