import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { AppError } from "../domain/errors.ts";
import type { LogFinding } from "../ingest/logs/count-window.ts";
import { decodeLog } from "../ingest/logs/decode-log.ts";
import { guessFormat } from "../ingest/logs/detect-format.ts";
import { followFile } from "../ingest/logs/follow-file.ts";
import type { Analysis } from "./analysis.ts";
import type { AnalyzeOptions } from "./analyze-options.ts";
import { findingJson, liveLine, summaryOf, writeAnalysis } from "./analyze-report.ts";
import { escapeUnseen } from "./ask-api.ts";
import type { Host } from "./host.ts";
import { fileFault, stdinChunks } from "./read-logs.ts";
import { sendAnalysis } from "./send-analysis.ts";
import type { Sender } from "./send-findings.ts";
import { isWrongArgument } from "./wrong-argument.ts";

export interface FollowDeps {
  readonly analysis: Analysis;
  readonly options: Pick<AnalyzeOptions, "fromStart" | "json">;
  /** Null: nothing is sent. */
  readonly sender: Sender | null;
}

const pollMs = 250;
const sendEveryMs = 1000;
/** What waits for a receiver that does not answer: the newest. */
const mostWaiting = 50_000;

/**
 * Reads what is appended to the logs until the host says stop, and tells of each address when it goes over the threshold.
 * @throws {AppError} CONFIG_INVALID when a log can't be read; API_UNREACHABLE, API_REFUSED when findings could not be sent until the end
 */
export async function followLogs(
  host: Host,
  files: readonly string[],
  { analysis, options, sender }: FollowDeps,
): Promise<void> {
  const waiting: LogFinding[] = [];
  const crossed = (finding: LogFinding): void => {
    host.out(
      options.json === true ? ndjson({ type: "crossed", ...findingJson(finding) }) : liveLine(finding),
    );
    if (sender !== null && waiting.length < mostWaiting) {
      waiting.push(finding);
    }
  };
  const ending = new AbortController();
  const sending =
    sender === null ? null : sendOften(host, sender, { analysis, waiting, ending: ending.signal });
  try {
    await followAll(host, files, { analysis, options, crossed });
  } finally {
    ending.abort();
  }
  const failure = (await sending) ?? null;
  const sent = sender?.sent ?? null;
  host.out(
    options.json === true
      ? ndjson({ type: "summary", ...summaryOf(analysis, sent) })
      : `\n${writeAnalysis(analysis, { sent, isFollowed: true })}`,
  );
  if (failure !== null) {
    throw failure;
  }
}

/** Until the host says stop; when one can't be read, all end. @throws {AppError} CONFIG_INVALID */
async function followAll(host: Host, files: readonly string[], deps: OneDeps): Promise<void> {
  const failed = new AbortController();
  const inner = { ...host, stopSignal: AbortSignal.any([host.stopSignal, failed.signal]) };
  const outcomes = await Promise.allSettled(
    files.map(async (file) => {
      try {
        await followOne(inner, file, deps);
      } catch (error) {
        failed.abort();
        throw error;
      }
    }),
  );
  const fault = outcomes.find((outcome) => outcome.status === "rejected");
  if (fault !== undefined) {
    throw fault.reason;
  }
}

interface OneDeps extends Pick<FollowDeps, "analysis" | "options"> {
  readonly crossed: (finding: LogFinding) => void;
}

async function followOne(host: Host, file: string, { analysis, options, crossed }: OneDeps): Promise<void> {
  const path = resolve(host.cwd, file);
  const fromStart = options.fromStart === true;
  const log = analysis.open(file === "-" ? "standard input" : file, Date.now, crossed);
  const chunks =
    file === "-"
      ? decodeLog(stdinChunks(host))
      : followFile({ path, fromStart, pollMs, signal: host.stopSignal });
  try {
    const start = file === "-" || fromStart || analysis.rules.format !== null ? null : await beginning(path);
    if (start !== null) {
      log.reading.expect(guessFormat(start));
    }
    for await (const chunk of chunks) {
      log.bytes += chunk.length;
      log.reading.push(chunk);
    }
  } catch (error) {
    throw fileFault(file, error);
  }
  log.reading.end();
}

const beginningBytes = 256 * 1024;

/** The beginning of a file, from which its format is told though only its end is read; empty when it is not there yet. */
async function beginning(path: string): Promise<string> {
  const handle = await open(path, "r").catch(() => undefined);
  if (handle === undefined) {
    return "";
  }
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

interface SendDeps {
  readonly analysis: Analysis;
  readonly waiting: LogFinding[];
  readonly ending: AbortSignal;
}

/** Sends what waits every second, and what is left at the end. @returns why that failed; null: all was sent */
async function sendOften(
  host: Host,
  sender: Sender,
  { analysis, waiting, ending }: SendDeps,
): Promise<Error | null> {
  let failure: Error | null = null;
  for (;;) {
    await setTimeout(sendEveryMs, undefined, { signal: ending }).catch(() => undefined);
    const isLast = ending.aborted;
    const before = failure;
    failure = await sendWaiting(sender, analysis, waiting);
    if (failure instanceof AppError && before === null) {
      const again = isWrongArgument(failure) ? "" : " It is tried again every second.";
      host.err(`${failure.code}: ${failure.message}${again}\n`);
    }
    if (isLast) {
      return failure;
    }
  }
}

async function sendWaiting(sender: Sender, analysis: Analysis, waiting: LogFinding[]): Promise<Error | null> {
  const batch = [...waiting];
  try {
    await sendAnalysis(sender, analysis, batch);
    const sent = new Set(batch);
    waiting.splice(0, waiting.length, ...waiting.filter((finding) => !sent.has(finding)));
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function ndjson(value: object): string {
  return `${escapeUnseen(JSON.stringify(value))}\n`;
}
