import { z } from "zod";
import { cleanText } from "../../domain/clean-text.ts";
import { AppError } from "../../domain/errors.ts";
import type { HecAnswer } from "./hec-http.ts";

const Reply = z.object({
  code: z.number(),
  text: z.string().catch(""),
  "invalid-event-number": z.number().optional().catch(undefined),
});

export type Verdict =
  | { readonly kind: "taken" }
  /** One of the events is wrong, perhaps the one with this number; the others may have been taken or not. */
  | {
      readonly kind: "bad-event";
      readonly number: number | null;
      /** What Splunk says of it. */
      readonly said: string;
      readonly error: AppError;
    };

/** Codes that are about what was sent. */
const contentCodes: ReadonlySet<number> = new Set([5, 6, 12, 13, 15]);

/** What people have to mend, by code. */
const settingsAdvice: ReadonlyMap<number, string> = new Map([
  [1, "the token is disabled: enable it in Splunk under Settings, Data inputs, HTTP Event Collector"],
  [2, "the token did not arrive: look at what stands between Portcullis and Splunk"],
  [3, "the token did not arrive as it should: look at what stands between Portcullis and Splunk"],
  [4, "Splunk does not know the token: check SPLUNK_HEC_TOKEN"],
  [
    7,
    "the token may not write to the index: check SPLUNK_HEC_INDEX, that the index exists, and the token's allowed indexes",
  ],
]);

/**
 * What an answer to events means.
 * @throws {AppError} HEC_UNDELIVERED when Splunk can't take them now; HEC_REFUSED when people have to mend something first. Both retryable.
 * Source: Splunk, "Troubleshoot HTTP Event Collector", table of status codes, read 2026-11.
 */
export function judgeAnswer(label: string, answer: HecAnswer, now: Date): Verdict {
  const { status } = answer;
  const reply = replyOf(answer.text);
  if (status === 200 && reply?.code === 0) {
    return { kind: "taken" };
  }
  if (status === 429 || status >= 500) {
    throw busy(label, answer, now);
  }
  if (isAboutContent(status, reply)) {
    const error = new AppError("HEC_UNDELIVERED", `${label} refused an event: ${said(answer)}`, {
      retryable: false,
    });
    return {
      kind: "bad-event",
      number: reply?.["invalid-event-number"] ?? null,
      said: said(answer),
      error,
    };
  }
  throw new AppError("HEC_REFUSED", `${label} takes no events: ${reasonOf(answer, reply?.code)}`, {
    retryable: true,
  });
}

/** It, or what stands before it, does not like what was sent. */
function isAboutContent(status: number, reply: z.infer<typeof Reply> | null): boolean {
  return status === 413 || (status === 400 && contentCodes.has(reply?.code ?? Number.NaN));
}

/** It will take events later. */
export function busy(label: string, answer: HecAnswer, now: Date): AppError {
  return new AppError("HEC_UNDELIVERED", `${label} can't take events now: ${said(answer)}`, {
    retryable: true,
    retryAfterMs: waitOf(answer.retryAfter, now),
  });
}

function reasonOf(answer: HecAnswer, code: number | undefined): string {
  const known = settingsAdvice.get(code ?? Number.NaN);
  if (known !== undefined) {
    return `${said(answer)}: ${known}`;
  }
  return code === undefined
    ? `${said(answer)}: this is no HTTP Event Collector; check SPLUNK_HEC_URL (its port is usually 8088, and it must be switched on in Splunk)`
    : said(answer);
}

/** `status 403, code 4 "Invalid token"`. */
function said({ status, text }: HecAnswer): string {
  const reply = replyOf(text);
  return reply === null
    ? `status ${status}`
    : `status ${status}, code ${reply.code} "${cleanText(reply.text, 200)}"`;
}

function replyOf(text: string): z.infer<typeof Reply> | null {
  try {
    return Reply.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

const longestWaitMs = 3_600_000;

/** Seconds or a date. Source: RFC 9110, section 10.2.3. */
function waitOf(retryAfter: string | null, now: Date): number | undefined {
  if (retryAfter === null) {
    return undefined;
  }
  const ms = /^\d{1,9}$/.test(retryAfter)
    ? Number(retryAfter) * 1000
    : Date.parse(retryAfter) - now.getTime();
  return Number.isNaN(ms) ? undefined : Math.min(longestWaitMs, Math.max(0, ms));
}
