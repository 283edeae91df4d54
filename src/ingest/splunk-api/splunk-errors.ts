import { cleanText } from "../../domain/clean-text.ts";
import { AppError, type ErrorCode } from "../../domain/errors.ts";

/** Marks an answer that was larger than it may be: asking for less may help. */
const tooLarge = Symbol("too large");

/** No whole answer came: the network, TLS, or a fault of Splunk. Later one may come. */
export function unreachable(label: string, what: string): AppError {
  return new AppError("SPLUNK_UNREACHABLE", `Splunk at ${label} ${what}`, { retryable: true });
}

/** What it was asked for is not there yet, or it is too busy. */
export function notReady(label: string, what: string): AppError {
  return new AppError("SPLUNK_NOT_READY", `Splunk at ${label} ${what}`, { retryable: true });
}

/** Splunk understood, and will not. @param code one that a second try does not change */
export function refused(
  code: Exclude<ErrorCode, "SPLUNK_UNREACHABLE" | "SPLUNK_NOT_READY">,
  label: string,
  what: string,
): AppError {
  return new AppError(code, `Splunk at ${label} ${what}`, { retryable: false });
}

/** Something else answers than Splunk, or another Splunk than is documented. */
export function answerInvalid(label: string, what: string): AppError {
  return refused("SPLUNK_ANSWER_INVALID", label, `gave an answer that ${what}`);
}

/** The answer is larger than `maxBytes`. */
export function answerTooLarge(label: string, maxBytes: number): AppError {
  return new AppError(
    "SPLUNK_ANSWER_INVALID",
    `Splunk at ${label} gave an answer of more than ${Math.round(maxBytes / 1024 / 1024)} MiB`,
    { retryable: false, cause: tooLarge },
  );
}

/** It would be smaller if less were asked for. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof AppError && error.cause === tooLarge;
}

/** What Splunk said, fit to be quoted. */
export function quoted(text: string): string {
  return `"${cleanText(text, 300)}"`;
}
