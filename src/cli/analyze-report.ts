import { cleanText } from "../domain/clean-text.ts";
import type { LogFinding } from "../ingest/logs/count-window.ts";
import { kindWords } from "../ingest/logs/finding-row.ts";
import { formats } from "../ingest/logs/formats.ts";
import type { Timeline } from "../ingest/logs/timeline.ts";
import { duration, plural, utc } from "../notify/words.ts";
import type { Analysis, ReadLog } from "./analysis.ts";
import { shownJson } from "./ask-api.ts";
import { bar } from "./bar.ts";
import { byteWords } from "./progress.ts";
import type { TakenAlert } from "./send-findings.ts";
import { sparkline } from "./sparkline.ts";
import { table } from "./table.ts";

const longestName = 64;
const mostBars = 10;

export interface ReportOptions {
  /** Null: nothing was to be sent. */
  readonly sent: readonly TakenAlert[] | null;
  /** The summary of `--follow`. */
  readonly isFollowed: boolean;
}

/** What was found, for people. */
export function writeAnalysis(analysis: Analysis, { sent, isFollowed }: ReportOptions): string {
  const findings = analysis.window.findings();
  const parts = [
    analysis.logs.map(logLine).join(""),
    findings.length === 0 ? nothingFound(analysis, isFollowed) : foundParts(findings, analysis),
    overTime(analysis.timeline),
    remarks(analysis),
    sent === null ? "" : sentLines(sent),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function logLine({ name, reading, bytes, tookMs, fault }: ReadLog): string {
  const speed = tookMs === 0 ? "" : `, ${byteWords((bytes / Math.max(1, tookMs)) * 1000)}/s`;
  const counts = `${plural(reading.lines, "line")}, ${plural(reading.events, "failure")} (${byteWords(bytes)}${speed})`;
  const trouble = fault === null ? "" : `; ${fault}: only its beginning was read`;
  return `${shown(name)}: ${reading.format?.name ?? "nothing"}, ${counts}${trouble}\n`;
}

function foundParts(findings: readonly LogFinding[], { rules }: Analysis): string {
  const listed = findings.slice(0, rules.top);
  const head = ["address", "what", "events", "first", "last", "tried"];
  const rows = listed.map(({ ip, kind, count, firstMs, lastMs, names }) => [
    ip,
    kindWords[kind],
    String(count),
    timeWords(firstMs),
    timeWords(lastMs),
    names.map(shown).join(", "),
  ]);
  const more = findings.length - listed.length;
  const rest = more === 0 ? "" : `… and ${more} more: --top ${findings.length} shows all\n`;
  return `${table([head, ...rows])}${rest}\n${bars(listed)}`;
}

function bars(findings: readonly LogFinding[]): string {
  const most = Math.max(...findings.map(({ count }) => count));
  const first = findings.slice(0, mostBars);
  const width = Math.max(...first.map(({ ip }) => ip.length));
  return first.map(({ ip, count }) => `${ip.padEnd(width)}  ${bar(count, most, 40)} ${count}\n`).join("");
}

function overTime(timeline: Timeline): string {
  const steps = timeline.steps();
  return steps.length < 2
    ? ""
    : `${sparkline(steps)}  failures per ${duration(timeline.stepMs)}, from ${timeWords(timeline.startMs)}\n`;
}

function nothingFound({ window, logs, rules }: Analysis, isFollowed: boolean): string {
  const { windowSeconds, thresholds } = rules;
  const wanted = `${plural(thresholds["failed-login"], "failure")} within ${duration(windowSeconds * 1000)}`;
  const busiest = window.busiestBelow();
  if (busiest !== null) {
    return `No address reached ${wanted}; ${busiest.ip} came nearest, with ${busiest.count} in all.\n`;
  }
  const isEmpty = logs.every(({ reading }) => reading.lines === 0);
  return isEmpty || isFollowed ? `No failure was seen.\n` : `No failure was found.\n${hint(logs)}`;
}

function hint(logs: readonly ReadLog[]): string {
  const tried = new Set(logs.flatMap(({ reading }) => reading.format ?? []));
  const looked = formats.filter((format) => tried.has(format));
  const lines = looked.map(({ title, sample }) => `  ${title}\n    ${sample}\n`);
  const names = formats.map(({ name }) => name).join(", ");
  return `It was read as lines like these; --format names another of ${names}:\n${lines.join("")}`;
}

function remarks({ window, logs }: Analysis): string {
  const unclear = logs.reduce((sum, { reading }) => sum + reading.unclear, 0);
  const lines = [
    window.below === 0 || window.findings().length === 0
      ? null
      : `${addressWords(window.below)} stayed below the threshold.`,
    unclear === 0
      ? null
      : `${plural(unclear, "line")} could not be read, or not told for certain whose failure it was: left out.`,
    window.forgotten === 0
      ? null
      : `${addressWords(window.forgotten)} had to be forgotten to keep memory bounded: those that were silent the longest.`,
  ];
  return lines.flatMap((line) => (line === null ? [] : `${line}\n`)).join("");
}

function sentLines(sent: readonly TakenAlert[]): string {
  return sent.length === 0
    ? "Nothing was sent.\n"
    : sent
        .map(
          ({ alertId, status, addresses }) => `Sent as ${alertId}: ${status}, ${addressWords(addresses)}.\n`,
        )
        .join("");
}

/** What was found, for programs. @param sent null: nothing was to be sent */
export function analysisJson(analysis: Analysis, sent: readonly TakenAlert[] | null): string {
  return shownJson(summaryOf(analysis, sent));
}

/** As it becomes JSON. */
export function summaryOf(analysis: Analysis, sent: readonly TakenAlert[] | null) {
  const { rules, window, logs, timeline } = analysis;
  return {
    rules: {
      threshold: rules.thresholds["failed-login"],
      windowSeconds: rules.windowSeconds,
      flood: rules.thresholds.request,
    },
    logs: logs.map(({ name, reading, bytes, tookMs, fault }) => ({
      name,
      format: reading.format?.name ?? null,
      bytes,
      seconds: Math.round(tookMs) / 1000,
      lines: reading.lines,
      events: reading.events,
      unclear: reading.unclear,
      fault,
    })),
    findings: window.findings().map(findingJson),
    addressesBelow: window.below,
    forgotten: window.forgotten,
    timeline: {
      start: timeline.steps().length === 0 ? null : new Date(timeline.startMs).toISOString(),
      stepSeconds: timeline.stepMs / 1000,
      counts: timeline.steps(),
    },
    sent,
  };
}

/** One finding as it becomes JSON. */
export function findingJson({ ip, kind, count, firstMs, lastMs, names }: LogFinding) {
  return {
    address: ip,
    kind,
    count,
    first: new Date(firstMs).toISOString(),
    last: new Date(lastMs).toISOString(),
    names,
  };
}

/** A finding as it comes, for people. */
export function liveLine({ ip, kind, count, firstMs, lastMs, names }: LogFinding): string {
  const tried = names.length === 0 ? "" : ` (${names.map(shown).join(", ")})`;
  return `${timeWords(lastMs)}  ${ip}  ${count} ${kindWords[kind]} since ${timeWords(firstMs)}${tried}\n`;
}

function addressWords(count: number): string {
  return count === 1 ? "1 address" : `${count} addresses`;
}

function timeWords(atMs: number): string {
  return utc(new Date(atMs));
}

function shown(text: string): string {
  return cleanText(text, longestName);
}
