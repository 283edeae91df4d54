import type { ErrorRequestHandler, Response } from "express";
import { AppError, messageOf } from "./domain/errors.ts";
import type { Log } from "./ports.ts";

/** Stable codes of HTTP errors. A new code does not compile until it has a status and a title. */
export type ProblemCode =
  | "BODY_UNREADABLE"
  | "PAYLOAD_INVALID"
  | "UNAUTHENTICATED"
  | "SOURCE_NOT_ALLOWED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "CONFLICT"
  | "BODY_TOO_LARGE"
  | "RATE_LIMITED"
  | "OVERLOADED"
  | "INTERNAL"
  | "STORE_UNAVAILABLE";

const kinds: Readonly<Record<ProblemCode, { readonly status: number; readonly title: string }>> = {
  BODY_UNREADABLE: { status: 400, title: "The body could not be read as JSON" },
  PAYLOAD_INVALID: { status: 400, title: "The request does not have the expected shape" },
  UNAUTHENTICATED: { status: 401, title: "The secret is missing or wrong" },
  SOURCE_NOT_ALLOWED: { status: 403, title: "This source is not allowed" },
  FORBIDDEN: { status: 403, title: "This token may not do that" },
  NOT_FOUND: { status: 404, title: "There is nothing here" },
  METHOD_NOT_ALLOWED: { status: 405, title: "This method is not allowed here" },
  CONFLICT: { status: 409, title: "What stands now does not allow it" },
  BODY_TOO_LARGE: { status: 413, title: "The body is too large" },
  RATE_LIMITED: { status: 429, title: "Too many requests" },
  OVERLOADED: { status: 503, title: "Too much waits to be stored" },
  INTERNAL: { status: 500, title: "Internal error" },
  STORE_UNAVAILABLE: { status: 503, title: "The database does not answer" },
};

/** The HTTP status of a code. */
export function problemStatus(code: ProblemCode): number {
  return kinds[code].status;
}

/** Answers with an RFC 9457 problem document. `detail` must not quote the request. */
export function sendProblem(
  response: Response,
  code: ProblemCode,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.set(headers);
  sendProblemWith(response, code, { detail });
}

/** As `sendProblem`, with further members: what a program may want to know of the problem, e.g. which lines are wrong. */
export function sendProblemWith(
  response: Response,
  code: ProblemCode,
  members: { readonly detail: string } & Readonly<Record<string, unknown>>,
): void {
  const { status, title } = kinds[code];
  response.status(status);
  response.type("application/problem+json");
  response.send(JSON.stringify({ type: "about:blank", title, status, code, ...members }));
}

/** Seconds after which a sender may try again when the store can't commit. */
const storeRetrySeconds = "5";

/** The one place where a thrown error becomes an HTTP answer. A bug answers 500 with a number that is in the log too. */
export function answerError(log: Log): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof AppError && error.code === "STORE_UNAVAILABLE") {
      log.error({ error: error.message }, "the store can't commit, answered 503");
      sendProblem(response, "STORE_UNAVAILABLE", "Nothing was stored. Send it again.", {
        "Retry-After": storeRetrySeconds,
      });
      return;
    }
    const bodyError = bodyErrorOf(error);
    if (bodyError !== null) {
      sendProblem(response, ...bodyError, { Connection: "close" });
      return;
    }
    if (error instanceof URIError) {
      sendProblem(response, "NOT_FOUND", "The address is not well-formed.");
      return;
    }
    const id = crypto.randomUUID();
    log.error(
      { id, error: messageOf(error), stack: error instanceof Error ? error.stack : undefined },
      "request failed by a bug",
    );
    sendProblem(response, "INTERNAL", `The log has more under ${id}.`);
  };
}

/** What the body reader of a route refuses; null for everything else. */
function bodyErrorOf(error: unknown): [code: ProblemCode, detail: string] | null {
  if (!(error instanceof Error) || !("type" in error) || !("expose" in error) || error.expose !== true) {
    return null;
  }
  return error.type === "entity.too.large"
    ? ["BODY_TOO_LARGE", "Send less."]
    : ["BODY_UNREADABLE", "Send all of it, as JSON that is not compressed."];
}
