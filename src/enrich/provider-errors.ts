import { AppError } from "../domain/errors.ts";

/** The service can't answer now; later it may. */
export function unavailable(service: string, what: string): AppError {
  return new AppError("PROVIDER_UNAVAILABLE", `${service} ${what}`, { retryable: true });
}

/** The key is wrong, or its plan does not include this: only a person can help. */
export function refusedKey(service: string, status: number): AppError {
  return new AppError("PROVIDER_REFUSED_KEY", `${service} refused the API key (HTTP ${status})`, {
    retryable: false,
  });
}

/** No more look-ups for a while. Undefined: the service does not say for how long. */
export function quotaExhausted(service: string, retryAfterMs: number | undefined): AppError {
  const wait = retryAfterMs === undefined ? "" : `, wait ${Math.ceil(retryAfterMs / 1000)} s`;
  return new AppError("PROVIDER_QUOTA_EXHAUSTED", `${service}: quota exhausted${wait}`, {
    retryable: true,
    retryAfterMs,
  });
}

/** It will not answer this question, however often it is asked. */
export function rejected(service: string, status: number): AppError {
  return new AppError("PROVIDER_REJECTED", `${service} rejected the request (HTTP ${status})`, {
    retryable: false,
  });
}

/** It answered something else than its documentation says. */
export function answerInvalid(service: string, what: string): AppError {
  return new AppError("PROVIDER_ANSWER_INVALID", `${service}: the answer ${what}`, { retryable: false });
}
