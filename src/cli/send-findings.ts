import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import type { LogFinding } from "../ingest/logs/count-window.ts";
import { findingRow } from "../ingest/logs/finding-row.ts";
import { readAnswer, refused, Shown } from "./ask-api.ts";
import { type Answer, callReceiver } from "./call-receiver.ts";

/** What the receiver says of an alert. */
export const TakenAlert = z.object({
  alertId: Shown,
  status: z.enum(["accepted", "duplicate"]),
  addresses: z.number(),
});
export type TakenAlert = z.infer<typeof TakenAlert>;

export interface Sender {
  /**
   * Sends findings as alerts, in parts that the receiver takes. The same again is a duplicate there.
   * @throws {AppError} API_UNREACHABLE, API_REFUSED
   */
  send(searchName: string, identity: string, findings: readonly LogFinding[]): Promise<void>;
  /** The last 1,000. */
  readonly sent: readonly TakenAlert[];
}

const mostRemembered = 1000;

/** Below what the receiver takes: 50,000 rows and 5 MiB. */
const mostRows = 10_000;
const mostBytes = 4_000_000;
/** A receiver whose queue drains says so with 503, one that is asked too often with 429. */
const mostTries = 5;
const pauseMs = 1000;

export function createSender(config: ReceiverConfig, url: string | undefined): Sender {
  const sent: TakenAlert[] = [];
  return {
    async send(searchName, identity, findings) {
      for (const [part, rows] of partsOf(findings.map(findingRow)).entries()) {
        const sid = sidOf({ identity, part, rows, findings });
        const answer = await post(config, url, { source: "log", sid, searchName, results: rows });
        if (answer.status !== 202) {
          throw refused(answer);
        }
        sent.push(readAnswer(answer.body, TakenAlert));
        sent.splice(0, Math.max(0, sent.length - mostRemembered));
      }
    },
    sent,
  };
}

async function post(config: ReceiverConfig, url: string | undefined, body: object): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await callReceiver(config, {
      method: "POST",
      path: "/api/v1/alerts",
      body,
      url,
      asAdmin: true,
    });
    if (![429, 503].includes(answer.status) || tries === mostTries) {
      return answer;
    }
    await setTimeout(pauseMs);
  }
}

type FindingRow = ReturnType<typeof findingRow>;

function partsOf(rows: readonly FindingRow[]): readonly (readonly FindingRow[])[] {
  const parts: FindingRow[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(row)) + 1;
    const last = parts.at(-1);
    if (last === undefined || bytes + size > mostBytes || last.length >= mostRows) {
      parts.push([row]);
      bytes = size;
    } else {
      last.push(row);
      bytes += size;
    }
  }
  return parts;
}

interface SidParts {
  readonly identity: string;
  readonly part: number;
  readonly rows: readonly FindingRow[];
  readonly findings: readonly LogFinding[];
}

/** Ends as Splunk's do, with a time, so that alerts of one time lie together. */
function sidOf({ identity, part, rows, findings }: SidParts): string {
  const seconds = Math.floor(Math.max(0, ...findings.slice(0, 1000).map(({ lastMs }) => lastMs)) / 1000);
  const hash = createHash("sha256").update(identity).update(JSON.stringify(rows)).digest("hex");
  return `analyze__${hash.slice(0, 16)}_at_${String(seconds).padStart(10, "0")}_${part + 1}`;
}
