import type { AppError, ErrorCode } from "../domain/errors.ts";
import type { WaitingRecovery } from "../ports.ts";

/** What follows from a question to Splunk that failed. */
export interface Failure {
  readonly reason: string;
  /** Null: it is given up. */
  readonly retryAt: Date | null;
  /** Until then nothing else is asked; null: only this one fails. */
  readonly quietUntil: Date | null;
  /** What a person can do; null: nobody needs to know yet. */
  readonly alarm: string | null;
  /** Splunk does not know the sid. */
  readonly isUnknown: boolean;
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;

/** A search whose alert was sent has ended, so its rows are there within seconds; after this time somebody is told. */
const readyPatienceMs = 10 * minuteMs;
const longestReadyPauseMs = minuteMs;

/** Splunk keeps what an alert has found for ten periods of its search, so it is worth trying for long; when it is too late, Splunk says so. */
const reachPatienceMs = 24 * 60 * minuteMs;
const longestReachPauseMs = 5 * minuteMs;
/** An answer that can't be read may be a proxy's page for an hour; or it is about this run alone, and stays so. */
const answerPatienceMs = 60 * minuteMs;
/** A restart of Splunk takes longer than the first of these pauses. */
const quietTries = 2;

const checkNetwork =
  "Check that Splunk's management port can be reached; rows are fetched when it can be again.";
const checkAnswer =
  "Look what answers at SPLUNK_HOST: something in between may speak in Splunk's place; rows are fetched when Splunk answers again.";
const checkLogin =
  "Give a valid SPLUNK_TOKEN, or SPLUNK_USER and SPLUNK_PASSWORD; rows are fetched when the login works again.";
const checkRights =
  "Give the user of SPLUNK_TOKEN or SPLUNK_USER the right to read the jobs of searches that send alerts.";
const checkExpiry =
  "Splunk keeps what a search has found for ten of its periods: if it was too late, look at the alert in Splunk; if not, the alert may be forged.";
const checkSearch = "Look at the search in Splunk's job list.";

/** Whether and when Splunk is asked again. @param error of a method of `SplunkApi` */
export function judgeFailure(
  { code, message: reason }: AppError,
  { attempts, createdAt }: Pick<WaitingRecovery, "attempts" | "createdAt">,
  now: Date,
): Failure {
  const judge = judges[code] ?? ((): Judgement => ({ alarm: checkSearch }));
  const given = { reason, retryAt: null, quietUntil: null, isUnknown: false };
  return { ...given, ...judge({ attempts, ageMs: now.getTime() - createdAt.getTime(), now }) };
}

interface Tried {
  readonly attempts: number;
  readonly ageMs: number;
  readonly now: Date;
}

type Judgement = Pick<Failure, "alarm"> & Partial<Omit<Failure, "alarm" | "reason">>;

const judges: Readonly<Partial<Record<ErrorCode, (tried: Tried) => Judgement>>> = {
  SPLUNK_NOT_READY: ({ attempts, ageMs, now }) => {
    // Splunk says so too while it starts, perhaps after hours in which it could not be reached.
    const isLate = ageMs >= readyPatienceMs;
    const isOver = ageMs >= reachPatienceMs;
    const isNews = isLate && ageMs < readyPatienceMs + longestReachPauseMs;
    const pauseMs = isLate ? longestReachPauseMs : doubled(secondMs, attempts, longestReadyPauseMs);
    return { alarm: isNews || isOver ? checkSearch : null, retryAt: isOver ? null : later(now, pauseMs) };
  },
  SPLUNK_UNREACHABLE: ({ attempts, ageMs, now }) => {
    const pause = later(now, doubled(5 * secondMs, attempts, longestReachPauseMs));
    const isOver = ageMs >= reachPatienceMs;
    return {
      alarm: attempts >= quietTries || isOver ? checkNetwork : null,
      retryAt: isOver ? null : pause,
      quietUntil: pause,
    };
  },
  SPLUNK_ANSWER_INVALID: ({ attempts, ageMs, now }) => {
    const isOver = ageMs >= answerPatienceMs;
    const pause = later(now, doubled(5 * secondMs, attempts, longestReachPauseMs));
    return { alarm: attempts >= quietTries || isOver ? checkAnswer : null, retryAt: isOver ? null : pause };
  },
  SPLUNK_LOGIN_REFUSED: ({ ageMs, now }) => {
    const pause = later(now, longestReachPauseMs);
    return { alarm: checkLogin, retryAt: ageMs >= reachPatienceMs ? null : pause, quietUntil: pause };
  },
  SPLUNK_UNKNOWN_SID: () => ({ alarm: checkExpiry, isUnknown: true }),
  SPLUNK_FORBIDDEN: () => ({ alarm: checkRights }),
};

function later(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}

/** 1, 2, 4, … times the first, at most the longest. */
function doubled(firstMs: number, attempts: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(attempts, 20));
}
