import { z } from "zod";
import { cleanText } from "../domain/clean-text.ts";
import { longestNote } from "../domain/alert-settings.ts";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";

const AlertAnswer = z.object({
  alert: z.object({
    id: Shown,
    source: Shown,
    sid: Shown.nullable(),
    searchName: Shown.nullable(),
    receivedAt: z.coerce.date(),
    rows: z.number(),
    error: Shown.nullable(),
    noAddress: z.object({ hint: Shown }).nullable(),
  }),
  app: Shown.nullable(),
  owner: Shown.nullable(),
  extras: z.record(z.string(), z.unknown()).nullable(),
  settings: z
    .object({
      fields: z.array(Shown).nullable(),
      severity: Shown.nullable(),
      mode: Shown.nullable(),
      note: z.string().nullable(),
    })
    .nullable(),
  rows: z.array(z.array(z.tuple([Shown, z.array(Shown)]))),
  sightings: z.array(
    z.object({
      ip: Shown,
      count: z.number(),
      fields: z.array(Shown),
      decision: z.object({ action: Shown }).nullable(),
      error: Shown.nullable(),
    }),
  ),
});
type AlertAnswer = z.infer<typeof AlertAnswer>;

/** More are in the JSON. */
const shownRows = 5;
const shownSightings = 100;

/** Prints one alert with its first rows and what became of its addresses. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function showAlert(host: Host, id: string, { json, url }: AskOptions): Promise<ExitCode> {
  const body = await askApi(await readReceiver(host), {
    method: "GET",
    path: `/api/v1/alerts/${encodeURIComponent(id)}`,
    url,
  });
  host.out(json === true ? shownJson(body) : written(readAnswer(body, AlertAnswer)));
  return 0;
}

function written({ alert, app, owner, extras, settings, rows, sightings }: AlertAnswer): string {
  const about = [
    ["alert", alert.id],
    ["received", `${utc(alert.receivedAt)} from ${alert.source}`],
    ["search", alert.searchName ?? "-"],
    ["sid", alert.sid ?? "-"],
    ["app, owner", `${app ?? "-"}, ${owner ?? "-"}`],
    ...settingsRows(settings),
    ["rows", String(alert.rows)],
    ...rows.slice(0, shownRows).map((row, n) => [`row ${n + 1}`, rowText(row)]),
    ...(alert.rows > shownRows ? [["", `… ${alert.rows - shownRows} more; --json shows all`]] : []),
    ...Object.entries(extras ?? {}).map(([key, value]) => [
      `also ${cleanText(key, 60)}`,
      cleanText(JSON.stringify(value), 200),
    ]),
    ...(alert.error === null ? [] : [["failed", alert.error]]),
    ...(alert.noAddress === null ? [] : [["no address", alert.noAddress.hint]]),
  ];
  const addresses = sightings
    .slice(0, shownSightings)
    .map(({ ip, count, fields, decision, error }) => [
      ip,
      String(count),
      fields.join(", "),
      decision?.action ?? error ?? "waiting",
    ]);
  return addresses.length === 0
    ? table(about)
    : `${table(about)}\n${table([["address", "events", "fields", "decision"], ...addresses])}`;
}

/** What the author of the alert asks for. */
function settingsRows(settings: AlertAnswer["settings"]): readonly (readonly [string, string])[] {
  const { fields, severity, mode, note } = settings ?? nothingAsked;
  const asked = [
    ["asks for fields", fields?.join(", ") ?? null],
    ["asks for severity", severity],
    ["asks for mode", mode],
    ["note", note === null ? null : cleanText(note, longestNote)],
  ] as const;
  return asked.flatMap(([what, said]) => (said === null ? [] : [[what, said] as const]));
}

const nothingAsked = { fields: null, severity: null, mode: null, note: null };

function rowText(row: AlertAnswer["rows"][number]): string {
  return cleanText(row.map(([field, values]) => `${field}=${values.join("|")}`).join("  "), 300);
}
