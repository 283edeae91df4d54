import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { AppError } from "../domain/errors.ts";
import { plural } from "../notify/words.ts";
import type { SplunkApi } from "../ports.ts";
import { escapeUnseen, readAnswer, refused, Shown } from "./ask-api.ts";
import { type Answer, callReceiver, explain } from "./call-receiver.ts";
import type { Host } from "./host.ts";
import { type PullPart, partsOf } from "./pull-parts.ts";
import { type PullWindow, pullSid } from "./pull-window.ts";

export interface PullDeps {
  readonly splunk: Pick<SplunkApi, "label" | "search">;
  /** Null: show the rows, and send nothing. */
  readonly receiver: ReceiverConfig | null;
  readonly host: Pick<Host, "out" | "err">;
}

export interface PullWanted {
  readonly search: string;
  /** What the alerts are called. */
  readonly name: string;
  readonly isJson: boolean;
  readonly url: string | undefined;
}

const PullAnswer = z.object({ alertId: Shown, status: Shown, addresses: z.number() });

/**
 * Searches one window and sends its rows on as they come, a part at a time. @returns how many rows there were
 * @throws {AppError} as `SplunkApi.search` does; API_UNREACHABLE, also when the receiver is too busy, API_REFUSED
 */
export async function pullWindow(
  deps: PullDeps,
  wanted: PullWanted,
  window: PullWindow,
  signal: AbortSignal,
): Promise<number> {
  const { splunk, receiver, host } = deps;
  const { earliest, latest } = window;
  host.err(`searching on ${splunk.label} from ${shownTime(earliest)} to ${shownTime(latest)} …\n`);
  let rows = 0;
  let part = 0;
  for await (const one of partsOf(splunk.search({ search: wanted.search, earliest, latest }, signal))) {
    part += 1;
    rows += one.rows.length;
    if (receiver === null) {
      host.out(one.rows.map((row) => `${escapeUnseen(row)}\n`).join(""));
    } else {
      const answer = await sendPart(receiver, wanted, { sid: pullSid(wanted, window, part), part: one });
      host.out(tell(wanted, window, { ...answer, rows: one.rows.length }));
    }
  }
  host.err(
    rows === 0
      ? "no rows: nothing was sent\n"
      : `${plural(rows, "row")}${receiver === null ? "; nothing was sent" : ""}\n`,
  );
  return rows;
}

async function sendPart(
  receiver: ReceiverConfig,
  { name, url }: PullWanted,
  { sid, part }: { readonly sid: string; readonly part: PullPart },
): Promise<z.infer<typeof PullAnswer>> {
  const head = JSON.stringify({ source: "pull", sid, searchName: name }).slice(0, -1);
  const answer = await callReceiver(receiver, {
    method: "POST",
    path: "/api/v1/alerts",
    body: Buffer.from(`${head},"results":[${part.rows.join(",")}]}`),
    url,
    asAdmin: true,
    timeoutMs: 60_000,
  });
  if (answer.status !== 202) {
    throw answer.status === 503 || answer.status === 429 ? busy(answer) : refused(answer);
  }
  return readAnswer(answer.body, PullAnswer);
}

function busy(answer: Answer): AppError {
  return new AppError(
    "API_UNREACHABLE",
    `the receiver takes nothing now (${explain(answer)}). Run it again: what was sent already is known for a repeat`,
    { retryable: true },
  );
}

function tell(
  { isJson }: PullWanted,
  { earliest, latest }: PullWindow,
  sent: z.infer<typeof PullAnswer> & { readonly rows: number },
): string {
  const { alertId, status, rows, addresses } = sent;
  return isJson
    ? `${JSON.stringify({ earliest, latest, alertId, status, rows, addresses })}\n`
    : `${alertId}  ${status}  ${plural(rows, "row")}, ${plural(addresses, "address", "addresses")}\n`;
}

/** Seconds since 1970 as people read them; anything else as it was typed. */
function shownTime(text: string): string {
  return /^\d+$/.test(text) ? new Date(Number(text) * 1000).toISOString().replace(".000Z", "Z") : text;
}
