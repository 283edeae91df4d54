import type { IncomingMessage, ServerResponse } from "node:http";
import { type LogLine, messages, type StandInRow } from "./splunk-shapes.ts";

/** What goes wrong with one request. */
export type SplunkFault =
  | { readonly kind: "status"; readonly status: number; readonly body?: string }
  /** The connection ends before the answer. */
  | { readonly kind: "cut" }
  /** The answer is announced whole and cut after this many characters. */
  | { readonly kind: "cut-body"; readonly body: string; readonly after: number }
  /** Status 200 and this body, whatever was asked. */
  | { readonly kind: "body"; readonly body: string }
  /** Status 200 and this body, ended only by the end of the connection. */
  | { readonly kind: "unframed"; readonly body: string }
  /** The right answer, after `release`. */
  | { readonly kind: "slow" }
  /** Nothing is ever answered. */
  | { readonly kind: "silent" };

export function misbehave(response: ServerResponse, fault: Exclude<SplunkFault, { kind: "slow" }>): void {
  switch (fault.kind) {
    case "status":
      response.setHeader("Location", "https://127.0.0.1:1/elsewhere");
      send(response, fault.status, fault.body ?? messages("ERROR", "injected"));
      return;
    case "cut":
      response.socket?.destroy();
      return;
    case "cut-body":
      response.writeHead(200, { "Content-Length": String(Buffer.byteLength(fault.body)) });
      response.write(fault.body.slice(0, fault.after), () => response.socket?.destroy());
      return;
    case "body":
      send(response, 200, fault.body);
      return;
    case "unframed":
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200, { Connection: "close" });
      response.end(fault.body);
      return;
    case "silent":
  }
}

export function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = "application/json",
): void {
  response.writeHead(status, { "Content-Type": `${type}; charset=UTF-8` });
  response.end(status === 204 ? "" : body);
}

export function page<T>(all: readonly T[], count: string, offset: string): readonly T[] {
  const start = Number(offset);
  return count === "0" ? all.slice(start) : all.slice(start, start + Number(count));
}

export function logRows(
  log: readonly LogLine[],
  form: Readonly<Record<string, string>>,
): readonly StandInRow[] {
  const from = Number(form["earliest_time"]) * 1000;
  const to = Number(form["latest_time"]) * 1000;
  return log
    .filter(({ at }) => at.getTime() >= from && at.getTime() < to)
    .toSorted((a, b) => a.at.getTime() - b.at.getTime())
    .map(({ at, text }) => ({ at: (at.getTime() / 1000).toFixed(3), host: "sh-1.example.net", _raw: text }));
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
