import { z } from "zod";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { ControlsAnswer } from "./controls-answer.ts";
import type { ExitCode, Host } from "./host.ts";
import { ProviderAnswer } from "./provider-answer.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";
import { writeFirewalls, FirewallState } from "./write-firewalls.ts";
import { writeProviders } from "./write-providers.ts";
import { SearchAnswer, writeSearches } from "./write-searches.ts";

const Time = z.coerce.date();

const AlarmAnswer = z.object({ message: Shown, advice: Shown, raisedAt: Time });

const StatusAnswer = z.object({
  version: Shown,
  mode: Shown,
  startedAt: Shown,
  counts: z.record(Shown, z.union([z.number(), z.record(Shown, z.number()), Shown, z.null()])),
  firewalls: z.array(FirewallState),
  providers: z.array(ProviderAnswer),
  searches: z.array(SearchAnswer),
  controls: ControlsAnswer,
  alarms: z.array(AlarmAnswer),
  troubles: z.array(Shown),
});
type StatusAnswer = z.infer<typeof StatusAnswer>;

/** Prints how the receiver is doing. @throws {AppError} API_UNREACHABLE, API_REFUSED */
export async function status(host: Host, options: AskOptions): Promise<ExitCode> {
  const config = await readReceiver(host);
  const body = await askApi(config, { method: "GET", path: "/api/v1/status", url: options.url });
  const report = readAnswer(body, StatusAnswer);
  host.out(options.json === true ? shownJson(body) : format(report));
  return report.troubles.length === 0 ? 0 : 1;
}

function format(report: StatusAnswer): string {
  const { version, mode, startedAt, counts, controls, alarms, troubles, firewalls, providers, searches } =
    report;
  const alarmed = new Set(alarms.map(({ message }) => message));
  const rows = [
    ["Portcullis", `${version}, mode ${mode}, running since ${startedAt}`],
    ["new blocks", controlWords(controls)],
    ...figureRows(counts),
    ...alarms.map(({ message, advice, raisedAt }) => [
      "alarm",
      `since ${utc(raisedAt)}: ${message} ${advice}`,
    ]),
    ...troubles.filter((trouble) => !alarmed.has(trouble)).map((trouble) => ["trouble", trouble]),
  ];
  return [
    table(rows),
    ...(firewalls.length === 0 ? [] : ["\n", writeFirewalls(firewalls)]),
    ...(providers.length === 0 ? [] : ["\n", writeProviders(providers)]),
    ...(searches.length === 0 ? [] : ["\n", writeSearches(searches)]),
  ].join("");
}

/** Moments are told where they matter. */
function figureRows(counts: StatusAnswer["counts"]): readonly (readonly string[])[] {
  return Object.entries(counts).flatMap(([name, count]) =>
    count === null || typeof count === "string"
      ? []
      : [[words(name), typeof count === "number" ? String(count) : listed(count)]],
  );
}

function controlWords({ paused, limited }: StatusAnswer["controls"]): string {
  const parts = [
    ...(paused === null ? [] : [`paused since ${utc(paused.since)} by ${paused.actor}: ${paused.reason}`]),
    ...(limited === null
      ? []
      : [`limited since ${utc(limited.since)}, ${limited.held} held: ${limited.reason}`]),
  ];
  return parts.length === 0 ? "are made" : parts.join("; ");
}

/** `blocksStanding` → `blocks standing`, `lookUpsWaiting` → `look-ups waiting`. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace("look ups", "look-ups");
}

function listed(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
