import { cleanText } from "../../domain/clean-text.ts";
import type { LostSend } from "../../ports.ts";

/** What the line says with which a send begins. */
export type Invocation = Pick<LostSend, "action" | "sid" | "searchName" | "app" | "owner">;

/** What one line of Splunk's alert actions says. */
export type ActionEvent =
  /** Null: an action that sends nothing to us. */
  | { readonly kind: "begun"; readonly send: Invocation | null }
  | { readonly kind: "sent" }
  | { readonly kind: "failed"; readonly code: number; readonly reason: string }
  /** Something went wrong; whether it mattered, the end of the send tells. */
  | { readonly kind: "complaint"; readonly reason: string };

/** From the line's start: what an action of somebody else's writes may hold such words, and text of an attacker's. */
const begun =
  /^\S+ \S+ \S+ \S+\s+sendmodalert(?:\s+\[[^\]]*\])?\s+-\s+Invoking modular alert action=(\S+) for search="(.*)" sid="([^"]+)"(?: in app="([^"]*)")?(?: owner="([^"]*)")?/;
const code = /\b(?:exit|error) code[= ](-?\d+)/i;
const answered = /Webhook receiver responded with HTTP status=2\d\d/;
const complains =
  /Error sending webhook request|Unexpected error|timed? ?out|\bkilled\b|^\S+ \S+ \S+ (?:ERROR|FATAL)\s/i;
const message =
  /\bsendmodalert\b(?:\s+\[[^\]]*\])?\s+-\s*(?:action=\S+\s*)?(?:-\s*)?(?:STDERR\s*-?\s*)?(.*)$/s;
const thread = /\bsendmodalert\s+\[([^\]]*)\]\s+-/;

/**
 * Reads one line of component `sendmodalert`; null when it tells nothing about how a send goes.
 * Source: splunkd.log of Splunk 7 to 10, and what `alert_webhook/bin/webhook.py` of 8.2 writes.
 */
export function readActionLine(raw: string): ActionEvent | null {
  const send = invocationIn(raw);
  if (send !== undefined) {
    return { kind: "begun", send };
  }
  const ended = code.exec(raw)?.[1];
  if (ended === "0" || answered.test(raw)) {
    return { kind: "sent" };
  }
  const reason = fitToShow(message.exec(raw)?.[1] ?? raw);
  if (ended !== undefined) {
    return { kind: "failed", code: Number(ended), reason };
  }
  return complains.test(raw) ? { kind: "complaint", reason } : null;
}

/** The thread that wrote the line; null in old versions. */
export function threadOf(raw: string): string | null {
  return thread.exec(raw)?.[1] ?? null;
}

function invocationIn(raw: string): Invocation | null | undefined {
  const found = begun.exec(raw);
  if (found === null) {
    return undefined;
  }
  const [, action, searchName, sid = "", app, owner] = found;
  return action === "webhook" || action === "portcullis_block"
    ? { action, sid, searchName: orNull(searchName), app: orNull(app), owner: orNull(owner) }
    : null;
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

/** The address of a webhook holds its secret, and an error may quote it. */
function fitToShow(reason: string): string {
  const withoutUrls = reason.replaceAll(/\b(https?:\/\/)[^\s'"]+/gi, "$1…");
  return cleanText(withoutUrls.replaceAll(/\/webhooks\/splunk\/[^\s'"]+/g, "/webhooks/splunk/…"), 300);
}
