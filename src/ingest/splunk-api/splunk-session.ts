import * as z from "zod";
import type { SplunkConfig } from "../../config/config.ts";
import type { AppError } from "../../domain/errors.ts";
import { readJson } from "./splunk-answers.ts";
import { refused, unreachable } from "./splunk-errors.ts";
import type { SplunkAnswer, SplunkHttp, SplunkRequest } from "./splunk-http.ts";
import { statusFault } from "./status-fault.ts";

/** Sends requests with the login. */
export interface SplunkSession {
  /** An answer of any status but 401. @throws {AppError} SPLUNK_LOGIN_REFUSED, and what `SplunkHttp.send` throws */
  send(request: SplunkRequest, signal: AbortSignal): Promise<SplunkAnswer>;
}

interface SessionOptions {
  readonly label: string;
  readonly login: SplunkConfig["login"];
  readonly http: Pick<SplunkHttp, "send">;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/** Five wrong passwords in five minutes lock a user out of Splunk by default, and we ask far more often than that. */
const refusalCountsMs = 2 * 60_000;

const SessionKey = z.object({
  sessionKey: z
    .string()
    .min(1)
    .max(8192)
    .regex(/^[\x21-\x7e]+$/),
});

/**
 * With a token, or with a session that is opened when it is first needed and opened again, once for all who wait, when Splunk no longer
 * takes it.
 */
export function createSplunkSession({ label, login, http, now }: SessionOptions): SplunkSession {
  if (login.kind === "token") {
    return {
      async send(request, signal) {
        const answer = await http.send(request, `Bearer ${login.token}`, signal);
        return notRefused(label, answer);
      },
    };
  }
  const keys = createKeys({ label, login, http, now });
  return {
    async send(request, signal) {
      const key = await unlessAborted(label, keys.current(), signal);
      const answer = await http.send(request, `Splunk ${key}`, signal);
      if (answer.status !== 401) {
        return answer;
      }
      const renewed = await unlessAborted(label, keys.insteadOf(key), signal);
      return notRefused(label, await http.send(request, `Splunk ${renewed}`, signal));
    },
  };
}

/** What others wait for too; whoever no longer waits hears it at once. @throws {AppError} SPLUNK_UNREACHABLE when it is aborted */
async function unlessAborted<T>(label: string, work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const leave = (): void => {
      reject(unreachable(label, "gave no answer in the time it was given"));
    };
    if (signal.aborted) {
      leave();
    }
    signal.addEventListener("abort", leave, { once: true, signal: stop.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    stop.abort();
  }
}

function notRefused(label: string, answer: SplunkAnswer): SplunkAnswer {
  const fault = answer.status === 401 ? statusFault(label, answer, "anything") : null;
  if (fault !== null) {
    throw fault;
  }
  return answer;
}

interface Keys {
  readonly current: () => Promise<string>;
  /** Another key than this one, which Splunk no longer takes. */
  readonly insteadOf: (stale: string) => Promise<string>;
}

function createKeys(
  options: SessionOptions & { readonly login: { readonly user: string; readonly password: string } },
): Keys {
  let key: string | null = null;
  let opening: Promise<string> | null = null;
  let refusal: { readonly error: AppError; readonly at: number } | null = null;

  const open = async (): Promise<string> => {
    if (refusal !== null && options.now() - refusal.at < refusalCountsMs) {
      throw refusal.error;
    }
    const answer = await logIn(options);
    const fault = loginFault(options.label, answer);
    if (fault !== null) {
      refusal = fault.code === "SPLUNK_LOGIN_REFUSED" ? { error: fault, at: options.now() } : null;
      throw fault;
    }
    refusal = null;
    key = readJson(options.label, SessionKey, answer.text).sessionKey;
    return key;
  };
  const current = (): Promise<string> => {
    if (key !== null) {
      return Promise.resolve(key);
    }
    opening ??= open().finally(() => {
      opening = null;
    });
    return opening;
  };
  return {
    current,
    insteadOf(stale) {
      key = key === stale ? null : key;
      return current();
    },
  };
}

function logIn({ login, http }: Parameters<typeof createKeys>[0]): Promise<SplunkAnswer> {
  const { user: username, password } = login;
  return http.send(
    {
      method: "POST",
      path: "/services/auth/login",
      form: { username, password, output_mode: "json" },
    },
    null,
    // Shared by all who wait for it, so that none of them may end it; the client's own limit does.
    new AbortController().signal,
  );
}

function loginFault(label: string, answer: SplunkAnswer): AppError | null {
  return answer.status === 403 || answer.status === 400
    ? refused(
        "SPLUNK_LOGIN_REFUSED",
        label,
        `refused SPLUNK_USER and SPLUNK_PASSWORD (HTTP ${answer.status})`,
      )
    : statusFault(label, answer, "the login");
}
