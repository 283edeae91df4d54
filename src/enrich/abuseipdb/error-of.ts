import type { AppError } from "../../domain/errors.ts";
import type { HttpAnswer } from "../http-client.ts";
import { keyedErrorOf } from "../status-errors.ts";

export const service = "AbuseIPDB";

/**
 * What an answer other than 200 means, told by the HTTP status: errors may be HTML. 402: the plan does not include what was asked; the
 * key is right.
 * Source: docs.abuseipdb.com, "Errors", "Rate limits".
 */
export function errorOf(answer: HttpAnswer, now: Date): AppError {
  return keyedErrorOf(service, answer, now);
}
