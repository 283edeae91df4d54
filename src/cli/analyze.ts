import { AppError } from "../domain/errors.ts";
import { createCountWindow } from "../ingest/logs/count-window.ts";
import { createTimeline } from "../ingest/logs/timeline.ts";
import { type Analysis, createAnalysis } from "./analysis.ts";
import { type AnalyzeOptions, readAnalyzeOptions } from "./analyze-options.ts";
import { analysisJson, writeAnalysis } from "./analyze-report.ts";
import { followLogs } from "./follow-logs.ts";
import type { ExitCode, Host } from "./host.ts";
import { readLogs } from "./read-logs.ts";
import { readReceiver } from "./read-receiver.ts";
import { sendAnalysis } from "./send-analysis.ts";
import { createSender, type Sender } from "./send-findings.ts";

/**
 * Finds failed logins, web attacks and floods in logs, counts them per address in a sliding window, and prints what went over the threshold; with
 * `--act` that goes to the running receiver as an alert. On SIGINT it ends with what it has.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function analyze(
  host: Host,
  files: readonly string[],
  options: AnalyzeOptions,
): Promise<ExitCode> {
  const rules = readAnalyzeOptions(host, files, options);
  const sender = options.act === true ? createSender(await readReceiver(host), options.url) : null;
  const analysis = createAnalysis({ rules, window: createCountWindow(rules), timeline: createTimeline() });
  if (options.follow === true) {
    await followLogs(host, files, { analysis, options, sender });
    return 0;
  }
  await readLogs(host, files, analysis);
  const failure = await send(sender, analysis);
  const sent = sender?.sent ?? null;
  host.out(
    options.json === true
      ? analysisJson(analysis, sent)
      : writeAnalysis(analysis, { sent, isFollowed: false }),
  );
  if (failure !== null) {
    throw failure;
  }
  return 0;
}

/** What was found is worth printing, whether it could be sent or not. */
async function send(sender: Sender | null, analysis: Analysis): Promise<AppError | null> {
  try {
    if (sender !== null) {
      await sendAnalysis(sender, analysis, analysis.window.findings());
    }
    return null;
  } catch (error) {
    if (error instanceof AppError) {
      return error;
    }
    throw error;
  }
}
