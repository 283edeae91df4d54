import { z } from "zod";
import { utc } from "../notify/words.ts";
import { Shown } from "./ask-api.ts";
import type { ExitCode, Host } from "./host.ts";
import { type ListOptions, listPage } from "./list-page.ts";

const AlertAnswer = z.object({
  receivedAt: z.coerce.date(),
  source: Shown,
  searchName: Shown.nullable(),
  rows: z.number(),
  sightings: z.number(),
  waiting: z.number(),
  decisions: z.record(Shown, z.number()),
  error: Shown.nullable(),
});

/** Lists alerts, newest first. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export function alerts(host: Host, options: ListOptions): Promise<ExitCode> {
  return listPage(host, options, {
    path: "/api/v1/alerts",
    key: "alerts",
    schema: AlertAnswer,
    head: ["received", "search", "from", "rows", "addresses", "waiting", "decisions"],
    row: ({ receivedAt, source, searchName, rows, sightings, waiting, decisions, error }) => [
      utc(receivedAt),
      searchName ?? "-",
      source,
      String(rows),
      String(sightings),
      String(waiting),
      error === null ? countsOf(decisions) : `failed: ${error}`,
    ],
    empty: "No alert has come yet.\n",
  });
}

function countsOf(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([action, count]) => `${count} ${action}`);
  return parts.length === 0 ? "-" : parts.join(", ");
}
