import { AppError, messageOf } from "../domain/errors.ts";
import type { Evidence, Finding } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { IntelProvider, Log } from "../ports.ts";

/** What one provider said, and how long to wait before asking it again may help; null when it will not. */
export interface Asked {
  readonly finding: Finding;
  readonly retryAfterMs: number | null;
}

export interface AskProviderOptions {
  readonly provider: IntelProvider;
  /** How long what is known, and what is unknown, may be used again. */
  readonly findingSeconds: number;
  readonly unknownSeconds: number;
  /** For one look-up. */
  readonly timeoutMs: number;
  readonly now: () => Date;
  readonly log: Log;
}

export type AskProvider = (ip: IpAddress, signal: AbortSignal) => Promise<Asked>;

/** After a failure that may pass by itself. */
const transientWaitMs = 5000;

/** A key does not become right by itself, but a suspended account may come back. */
const refusedKeyPauseMs = 300_000;

interface Pause {
  readonly untilMs: number;
  readonly reason: string;
  readonly retryable: boolean;
}

/**
 * Asks one provider about one address, once. Never rejects: a failure is a finding.
 * After the provider said that its quota is exhausted, or that the key is wrong, it is left alone for a while, and every
 * address fails at once; the log tells it once.
 */
export function createAskProvider(options: AskProviderOptions): AskProvider {
  const { provider, timeoutMs, now } = options;
  let pause: Pause | undefined;

  const isPaused = (): boolean => pause !== undefined && pause.untilMs > now().getTime();

  const note = (ip: IpAddress, { reason, logged, level, retryAfterMs, pauseMs }: Failure): void => {
    // Look-ups that were under way when the pause began fail for the same reason.
    if (pauseMs === 0 || !isPaused()) {
      options.log[level]({ provider: provider.name, ip, error: logged }, "provider could not be asked");
    }
    if (pauseMs > 0) {
      pause = { untilMs: now().getTime() + pauseMs, reason, retryable: retryAfterMs !== null };
    }
  };

  return async (ip, signal) => {
    if (pause !== undefined && isPaused()) {
      const { reason, retryable, untilMs } = pause;
      const retryAfterMs = retryable ? untilMs - now().getTime() : null;
      return failedFinding(options, ip, { reason, retryAfterMs });
    }
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const evidence = await unlessAborted(provider.lookUp(ip, limit), limit);
      return { finding: answeredFinding(options, ip, evidence), retryAfterMs: null };
    } catch (error) {
      const failure = readFailure(provider.name, error);
      if (!signal.aborted) {
        note(ip, failure);
      }
      return failedFinding(options, ip, failure);
    }
  };
}

/** A provider that does not heed its signal must not hold up the others. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(new AppError("PROVIDER_UNAVAILABLE", "no answer in time", { retryable: true }));
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

interface Failure {
  readonly reason: string;
  readonly logged: string;
  readonly level: "warn" | "error";
  readonly retryAfterMs: number | null;
  readonly pauseMs: number;
}

function readFailure(provider: string, error: unknown): Failure {
  if (!(error instanceof AppError)) {
    const reason = `${provider} could not be asked because of a bug`;
    return { reason, logged: messageOf(error), level: "error", retryAfterMs: null, pauseMs: 0 };
  }
  const reason = error.message;
  const isKey = error.code === "PROVIDER_REFUSED_KEY";
  const waitMs = error.retryAfterMs ?? transientWaitMs;
  return {
    reason,
    logged: reason,
    level: isKey ? "error" : "warn",
    retryAfterMs: error.retryable ? waitMs : null,
    pauseMs: isKey ? refusedKeyPauseMs : error.code === "PROVIDER_QUOTA_EXHAUSTED" ? waitMs : 0,
  };
}

function failedFinding(
  { provider, now }: AskProviderOptions,
  ip: IpAddress,
  { reason, retryAfterMs }: Pick<Failure, "reason" | "retryAfterMs">,
): Asked {
  return {
    finding: { status: "failed", provider: provider.name, ip, foundAt: now(), reason },
    retryAfterMs,
  };
}

function answeredFinding(
  { provider, now, findingSeconds, unknownSeconds }: AskProviderOptions,
  ip: IpAddress,
  evidence: Evidence | undefined,
): Finding {
  const foundAt = now();
  const about = { provider: provider.name, ip, foundAt };
  return evidence === undefined
    ? { ...about, status: "unknown", reason: "no data about it", expiresAt: later(foundAt, unknownSeconds) }
    : { ...about, status: "known", evidence, expiresAt: later(foundAt, findingSeconds) };
}

function later(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}
