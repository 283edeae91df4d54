import { z } from "zod";
import { utc } from "../notify/words.ts";
import { Shown } from "./ask-api.ts";
import { table } from "./table.ts";

export const SearchAnswer = z.object({
  name: Shown,
  alerts: z.number(),
  lastAlertAt: z.coerce.date().nullable(),
  silence: Shown.nullable(),
});

/** More would push everything else off the screen; `--json` has all. */
const mostShown = 20;

/** Searches for people, those that were heard of last first. */
export function writeSearches(searches: readonly z.infer<typeof SearchAnswer>[]): string {
  const newest = searches.toSorted(
    (a, b) => (b.lastAlertAt?.getTime() ?? 0) - (a.lastAlertAt?.getTime() ?? 0),
  );
  const rows = newest
    .slice(0, mostShown)
    .map(({ name, alerts, lastAlertAt, silence }) => [
      name,
      lastAlertAt === null ? "none yet" : utc(lastAlertAt),
      String(alerts),
      silence ?? "",
    ]);
  const more = newest.length - rows.length;
  return `${table([["search", "last alert", "alerts", ""], ...rows])}${more > 0 ? `${more} more\n` : ""}`;
}
