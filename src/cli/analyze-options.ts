import { loadLogRules } from "../config/read-log-rules.ts";
import { formatOf } from "../ingest/logs/formats.ts";
import { formatNames, type LogFormat } from "../ingest/logs/log-event.ts";
import type { CountRules } from "../ingest/logs/count-window.ts";
import type { Host } from "./host.ts";
import { readFor } from "./read-for.ts";
import { wrongArgument } from "./wrong-argument.ts";

/** What a person typed. */
export interface AnalyzeOptions {
  readonly format?: string;
  readonly threshold?: string;
  /** `35m` */
  readonly window?: string;
  /** So many requests within the window are a flood. */
  readonly flood?: string;
  readonly follow?: true;
  readonly fromStart?: true;
  /** Send what was found to the receiver. */
  readonly act?: true;
  readonly json?: true;
  readonly top?: string;
  readonly url?: string;
}

export interface AnalyzeRules extends CountRules {
  /** Null: found out for each log. */
  readonly format: LogFormat | null;
  readonly top: number;
}

/** A page with its pictures is dozens of requests, so it takes far more of them than of failures. */
const usualFlood = 5000;
const usualTop = 20;
const longestWindow = 86_400;

/** What is to be found. @throws {AppError} CONFIG_INVALID */
export function readAnalyzeOptions(
  { env, cwd }: Pick<Host, "env" | "cwd">,
  files: readonly string[],
  options: AnalyzeOptions,
): AnalyzeRules {
  checkFiles(files, options);
  const usual = loadLogRules(env, cwd);
  const threshold = readNumber("--threshold", options.threshold, usual.threshold);
  const flood = readNumber("--flood", options.flood, usualFlood);
  return {
    format: readFormat(options.format),
    windowSeconds: readWindow(options.window, usual.windowSeconds),
    thresholds: { "failed-login": threshold, "web-attack": threshold, request: flood },
    top: readNumber("--top", options.top, usualTop),
  };
}

function checkFiles(files: readonly string[], { follow, fromStart }: AnalyzeOptions): void {
  if (files.filter((file) => file === "-").length > 1) {
    throw wrongArgument("- is standard input, and can be read only once");
  }
  if (fromStart === true && follow !== true) {
    throw wrongArgument("--from-start goes with --follow; without it a log is always read from its start");
  }
}

function readFormat(name: string | undefined): LogFormat | null {
  if (name === undefined) {
    return null;
  }
  const known = formatNames.find((one) => one === name);
  if (known === undefined) {
    throw wrongArgument(`--format: expected one of ${formatNames.join(", ")}`);
  }
  return formatOf(known);
}

function readNumber(option: string, text: string | undefined, usual: number): number {
  if (text !== undefined && !/^[1-9]\d{0,6}$/.test(text)) {
    throw wrongArgument(`${option}: expected a whole number from 1 to 9999999`);
  }
  return text === undefined ? usual : Number(text);
}

function readWindow(text: string | undefined, usual: number): number {
  const seconds = text === undefined ? usual : readFor("--window", text);
  if (seconds > longestWindow) {
    throw wrongArgument("--window: expected at most 24h");
  }
  return seconds;
}
