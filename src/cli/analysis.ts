import { createHash } from "node:crypto";
import type { CountWindow, LogFinding } from "../ingest/logs/count-window.ts";
import { createLogReading, type LogReading } from "../ingest/logs/log-reading.ts";
import type { Timeline } from "../ingest/logs/timeline.ts";
import type { AnalyzeRules } from "./analyze-options.ts";

/** One log, and how far it was read. */
export interface ReadLog {
  /** As it was named. */
  readonly name: string;
  readonly reading: LogReading;
  /** As they lie in the file, perhaps packed. */
  bytes: number;
  /** Milliseconds spent on it. */
  tookMs: number;
  /** Why it could not be read to its end; null: it was. */
  fault: string | null;
}

/** What is found in all logs together. */
export interface Analysis {
  readonly rules: AnalyzeRules;
  readonly window: CountWindow;
  readonly timeline: Timeline;
  readonly logs: readonly ReadLog[];
  /**
   * Begins with another log. @param referenceMs gives when it was last written
   * @param crossed gets each address when it goes over the threshold
   */
  open(name: string, referenceMs: () => number, crossed?: (finding: LogFinding) => void): ReadLog;
  /** `analyze sshd`, for the alert. */
  searchName(): string;
  /** The same for the same logs and rules. */
  identity(): string;
}

export function createAnalysis({
  rules,
  window,
  timeline,
}: Pick<Analysis, "rules" | "window" | "timeline">): Analysis {
  const logs: ReadLog[] = [];
  return {
    rules,
    window,
    timeline,
    logs,
    open(name, referenceMs, crossed) {
      const reading = createLogReading({
        format: rules.format,
        referenceMs,
        isLive: crossed !== undefined,
        take(event) {
          if (event.kind !== "request") {
            timeline.add(event.atMs, event.count);
          }
          const finding = window.add(event);
          if (finding !== undefined) {
            crossed?.(finding);
          }
        },
      });
      const log: ReadLog = { name, reading, bytes: 0, tookMs: 0, fault: null };
      logs.push(log);
      return log;
    },
    searchName() {
      const names = new Set(logs.flatMap(({ reading }) => reading.format?.name ?? []));
      return ["analyze", ...[...names].toSorted()].join(" ");
    },
    identity() {
      const hash = createHash("sha256").update(JSON.stringify([rules.windowSeconds, rules.thresholds]));
      for (const { reading } of logs) {
        hash.update(reading.identity());
      }
      return hash.digest("hex").slice(0, 16);
    },
  };
}
