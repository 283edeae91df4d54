import { z } from "zod";
import type { AppError } from "../../domain/errors.ts";
import type { HttpAnswer } from "../http-client.ts";
import { answerInvalid, quotaExhausted, refusedKey, rejected, unavailable } from "../provider-errors.ts";
import { parseJson } from "../read-answer.ts";
import { retryAfterMsOf } from "../retry-after.ts";

export const service = "VirusTotal";

/** Too many at once passes with the minute; of an exhausted quota the answer does not tell which one it is. */
const throttledWaitMs = 60_000;

const ErrorBody = z.object({ error: z.object({ code: z.string() }) });

type Meaning = "unknown" | "key" | "quota" | "throttled" | "transient" | "rejected" | "invalid";

// NotAvailableYet comes with status 400, which alone would mean a wrong question.
const meaningOfCode: ReadonlyMap<string, Meaning> = new Map([
  ["NotFoundError", "unknown"],
  ["AuthenticationRequiredError", "key"],
  ["WrongCredentialsError", "key"],
  ["UserNotActiveError", "key"],
  ["ForbiddenError", "key"],
  ["QuotaExceededError", "quota"],
  ["TooManyRequestsError", "throttled"],
  ["NotAvailableYet", "transient"],
  ["FailedDependencyError", "transient"],
  ["TransientError", "transient"],
  ["DeadlineExceededError", "transient"],
]);

/**
 * What an answer other than 200 means: told by the code in its body, then by the HTTP status; null: it does not know the address.
 * Source: docs.virustotal.com, "Errors".
 */
export function errorOf(answer: HttpAnswer, now: Date): AppError | null {
  const meaning = meaningOf(answer);
  return meaning === "unknown" ? null : errors[meaning](answer, now);
}

const errors: Readonly<Record<Exclude<Meaning, "unknown">, (answer: HttpAnswer, now: Date) => AppError>> = {
  key: ({ status }) => refusedKey(service, status),
  quota: (answer, now) => quotaExhausted(service, retryAfterMsOf(answer, now)),
  throttled: (answer, now) => quotaExhausted(service, retryAfterMsOf(answer, now) ?? throttledWaitMs),
  transient: ({ status }) => unavailable(service, `can't answer now (HTTP ${status})`),
  rejected: ({ status }) => rejected(service, status),
  invalid: ({ status }) => answerInvalid(service, `has an unexpected status (HTTP ${status})`),
};

/** As `errorOf`, for a question about the key. That it may not be asked does not prove the key wrong; only 401 does. */
export function quotaErrorOf(answer: HttpAnswer, now: Date): AppError {
  const error = errorOf(answer, now);
  const isAboutKey = error?.code === "PROVIDER_REFUSED_KEY" && answer.status !== 401;
  return error === null || isAboutKey ? rejected(service, answer.status) : error;
}

function meaningOf({ status, text }: HttpAnswer): Meaning {
  const body = ErrorBody.safeParse(parseJson(text));
  const byCode = body.success ? meaningOfCode.get(body.data.error.code) : undefined;
  if (byCode !== undefined) {
    return byCode;
  }
  if (status === 401 || status === 403) {
    return "key";
  }
  if (status === 429) {
    return "quota";
  }
  if (status >= 500) {
    return "transient";
  }
  // Without VirusTotal's own code a 404 comes from somebody else, e.g. because VIRUSTOTAL_URL is wrong.
  return status >= 400 && status !== 404 ? "rejected" : "invalid";
}
