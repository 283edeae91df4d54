import type { AppError } from "../../domain/errors.ts";
import type { HttpAnswer } from "../http-client.ts";
import { answerInvalid, quotaExhausted, refusedKey, rejected, unavailable } from "../provider-errors.ts";
import { retryAfterMsOf } from "../retry-after.ts";

export const service = "AbuseIPDB";

/**
 * What an answer other than 200 means, told by the HTTP status: errors may be HTML. 402: the plan does not include what was asked; the
 * key is right. 403: the key was withdrawn, or somebody between us and the service refuses us; both stop every question until a person helps.
 * Source: docs.abuseipdb.com, "Errors", "Rate limits".
 */
export function errorOf(answer: HttpAnswer, now: Date): AppError {
  const { status } = answer;
  if (status === 401 || status === 403) {
    return refusedKey(service, status);
  }
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
