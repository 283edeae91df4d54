import type { AppError } from "../domain/errors.ts";
import type { HttpAnswer } from "./http-client.ts";
import { answerInvalid, quotaExhausted, refusedKey, rejected, unavailable } from "./provider-errors.ts";
import { retryAfterMsOf } from "./retry-after.ts";

/**
 * What an answer other than 200 means, told by the HTTP status alone. 401 and 403: the key is wrong or was withdrawn, or somebody between us
 * and the service refuses us; both stop every question until a person helps.
 */
export function keyedErrorOf(service: string, answer: HttpAnswer, now: Date): AppError {
  const { status } = answer;
  return status === 401 || status === 403 ? refusedKey(service, status) : listErrorOf(service, answer, now);
}

/** As `keyedErrorOf`, where a list needs no key. A 304 that nobody asked for is an error too. */
export function listErrorOf(service: string, answer: HttpAnswer, now: Date): AppError {
  const { status } = answer;
  if (status === 429) {
    return quotaExhausted(service, retryAfterMsOf(answer, now));
  }
  if (status >= 500) {
    return unavailable(service, `can't answer now (HTTP ${status})`);
  }
  return status >= 400
    ? rejected(service, status)
    : answerInvalid(service, `has an unexpected status (HTTP ${status})`);
}

/** The version's name, to be sent with the next request; null when the service gives none. */
export function etagOf({ headers }: Pick<HttpAnswer, "headers">): string | null {
  const { etag } = headers;
  return typeof etag === "string" && /^(?:W\/)?"[\x21\x23-\x7e]{0,200}"$/.test(etag) ? etag : null;
}
