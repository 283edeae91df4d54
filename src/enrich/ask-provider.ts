import { AppError, type ErrorCode, messageOf } from "../domain/errors.ts";
import type { Answered } from "../ports.ts";
import type { CallFailure } from "./quota/breaker.ts";

/** What came of one call. `bug` is for the log alone. */
export type Answer<T> =
  | { readonly answered: Answered<T> }
  | { readonly failure: CallFailure; readonly bug: string | null };

/** Makes one call, for at most so long. Never rejects, also when the provider throws at once or does not heed its signal. */
export async function askProvider<T>(
  title: string,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<Answered<T>>,
): Promise<Answer<T>> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const late = new AppError(
      "PROVIDER_UNAVAILABLE",
      `${title} gave no answer within ${timeoutMs / 1000} s`,
      {
        retryable: true,
      },
    );
    return { answered: await unlessAborted(call(limit), limit, () => Promise.reject(late)) };
  } catch (error) {
    return error instanceof AppError
      ? {
          failure: {
            kind: kinds.get(error.code) ?? "other",
            reason: error.message,
            retryAfterMs: error.retryAfterMs,
          },
          bug: null,
        }
      : {
          failure: {
            kind: "other",
            reason: `${title} could not be asked because of a bug`,
            retryAfterMs: undefined,
          },
          bug: messageOf(error),
        };
  }
}

const kinds: ReadonlyMap<ErrorCode, CallFailure["kind"]> = new Map([
  ["PROVIDER_REFUSED_KEY", "key"],
  ["PROVIDER_QUOTA_EXHAUSTED", "quota"],
  ["PROVIDER_UNAVAILABLE", "unavailable"],
  ["PROVIDER_ANSWER_INVALID", "invalid"],
]);

/** Whether it may pass by itself: then it says nothing about the address. */
export function isPassing({ kind }: CallFailure): boolean {
  return kind === "unavailable" || kind === "quota" || kind === "key";
}

/** What `work` gives, or, as soon as the signal aborts, what `otherwise` gives. The work itself goes on. */
export function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  otherwise: () => T | Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      Promise.resolve().then(otherwise).then(resolve, reject);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) {
      giveUp();
    }
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", giveUp);
    });
  });
}
