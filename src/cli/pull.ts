import { setTimeout } from "node:timers/promises";
import { cleanText } from "../domain/clean-text.ts";
import { AppError } from "../domain/errors.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import { createSplunkApi } from "../ingest/splunk-api/create-splunk-api.ts";
import type { SplunkApi } from "../ports.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { pullEvery } from "./pull-every.ts";
import { secondOf, typedWindow } from "./pull-window.ts";
import { type PullDeps, type PullWanted, pullWindow } from "./pull-window-rows.ts";
import { readConfig } from "./read-config.ts";
import { readFor } from "./read-for.ts";
import { readReceiver } from "./read-receiver.ts";
import { wrongArgument } from "./wrong-argument.ts";

export interface PullOptions extends AskOptions {
  readonly search: string;
  /** Default is `-5m`; with `every`, the last whole window. */
  readonly earliest?: string;
  /** Default is `now`. */
  readonly latest?: string;
  /** Default is the search itself. */
  readonly name?: string;
  /** `5m`: window after window, until it is stopped. */
  readonly every?: string;
  /** Default is 30 s. */
  readonly lag?: string;
  readonly dryRun?: true;
}

/**
 * Runs a search in Splunk and gives its rows to the receiver, as an alert would.
 * @throws {AppError} CONFIG_INVALID, SPLUNK_…, API_UNREACHABLE, API_REFUSED
 */
export async function pull(host: Host, options: PullOptions): Promise<ExitCode> {
  const wanted = readWanted(options);
  const schedule = readSchedule(options);
  const splunk = await openSplunk(host);
  try {
    const receiver = options.dryRun === true ? null : await readReceiver(host);
    const deps: PullDeps = { splunk, receiver, host };
    return await (schedule === null
      ? pullOnce(deps, wanted, { options, stopSignal: host.stopSignal })
      : pullAlways(deps, wanted, { schedule, stopSignal: host.stopSignal }));
  } finally {
    await splunk.close();
  }
}

async function openSplunk(host: Host): Promise<SplunkApi> {
  const { splunk } = await readConfig(host, { writeSecrets: false });
  if (splunk === null) {
    throw wrongArgument(
      "pull needs Splunk's API: set SPLUNK_HOST, and SPLUNK_TOKEN or SPLUNK_USER and SPLUNK_PASSWORD",
    );
  }
  return createSplunkApi(splunk);
}

function readWanted({ search, name = cleanText(search, 120), json, url }: PullOptions): PullWanted {
  if (search.trim() === "" || search.length > 50_000) {
    throw wrongArgument("--search: expected a search in Splunk's language");
  }
  if (name.trim() === "" || name.length > 256 || printable(name) !== name) {
    throw wrongArgument("--name: expected one line of text, up to 256 characters");
  }
  return { search, name, isJson: json === true, url };
}

type Schedule = Pick<Parameters<typeof pullEvery>[0], "everySeconds" | "lagSeconds" | "from">;

function readSchedule({ every, lag, earliest, latest }: PullOptions): Schedule | null {
  if (every === undefined) {
    if (lag !== undefined) {
      throw wrongArgument("--lag: is for --every");
    }
    return null;
  }
  if (latest !== undefined) {
    throw wrongArgument("--latest: is not for --every, which goes on until it is stopped");
  }
  const everySeconds = readSeconds("--every", every, 10);
  const lagSeconds = readSeconds("--lag", lag ?? "30s", 0);
  const from = earliest === undefined ? null : secondOf(earliest, nowSeconds());
  if (earliest !== undefined && from === null) {
    throw wrongArgument(
      "--earliest: with --every expected e.g. -90s, -30m, -2h, or seconds since 1970: where the first window lies",
    );
  }
  return { everySeconds, lagSeconds, from };
}

function readSeconds(option: string, text: string, least: number): number {
  const seconds = text === "0" && least === 0 ? 0 : readFor(option, text);
  if (seconds < least || seconds > 86_400) {
    throw wrongArgument(`${option}: expected ${least} s to 24 h`);
  }
  return seconds;
}

async function pullOnce(
  deps: PullDeps,
  wanted: PullWanted,
  { options, stopSignal }: { readonly options: PullOptions; readonly stopSignal: AbortSignal },
): Promise<ExitCode> {
  const { earliest = "-5m", latest = "now" } = options;
  try {
    await pullWindow(deps, wanted, typedWindow(earliest, latest, nowSeconds()), stopSignal);
    return 0;
  } catch (error) {
    if (stopSignal.aborted && error instanceof AppError) {
      deps.host.err("stopped before the search had ended\n");
      return 1;
    }
    throw error;
  }
}

async function pullAlways(
  deps: PullDeps,
  wanted: PullWanted,
  { schedule, stopSignal }: { readonly schedule: Schedule; readonly stopSignal: AbortSignal },
): Promise<ExitCode> {
  // A run that has begun is brought to its end.
  const patient = new AbortController().signal;
  await pullEvery({
    ...schedule,
    now: nowSeconds,
    sleep: (ms) => setTimeout(ms, undefined, { signal: stopSignal }).catch(() => undefined),
    run: async (window) => {
      await pullWindow(deps, wanted, window, patient);
    },
    tell: (text) => {
      deps.host.err(`${text.split("\n").map(printable).join("\n")}\n`);
    },
    stopSignal,
  });
  return 0;
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
