import type { SplunkConfig } from "../../config/config.ts";
import type { SplunkApi } from "../../ports.ts";
import { readHistory, readJob } from "./read-jobs.ts";
import { readLostSends } from "./read-lost-sends.ts";
import { readResults } from "./read-results.ts";
import { readWebhookSearches } from "./read-webhook-searches.ts";
import { runSearch } from "./run-search.ts";
import { createSplunkHttp } from "./splunk-http.ts";
import { createSplunkQuestions } from "./splunk-questions.ts";
import { createSplunkSession } from "./splunk-session.ts";

export interface SplunkApiOptions {
  /** From the first packet of an answer to the last, unless it is streamed. Default is 30 s. */
  readonly timeoutMs?: number;
  /** How long a streamed search may say nothing. Default is 10 minutes. */
  readonly silenceMs?: number;
  /** Of one answer, after decompression. Default is 32 MiB: results are then asked for in smaller pages. */
  readonly maxBytes?: number;
  /** After this time a connection without a request is closed. Default is 4 s. */
  readonly idleMs?: number;
  /** Milliseconds of a steady clock. Default is the process's own. */
  readonly now?: () => number;
}

const mebibyte = 1024 * 1024;

/** Splunk's management API. Connects when it is first asked. */
export function createSplunkApi(config: SplunkConfig, options: SplunkApiOptions = {}): SplunkApi {
  const { timeoutMs = 30_000, silenceMs = 10 * 60_000, maxBytes = 32 * mebibyte, idleMs = 4000 } = options;
  const { host, port, ca, certSha256, login } = config;
  const label = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const http = createSplunkHttp(
    { host, port, label, ca, certSha256, handshakeMs: Math.min(timeoutMs, 10_000), idleMs },
    { maxBytes, timeoutMs, silenceMs },
  );
  const session = createSplunkSession({ label, login, http, now: options.now ?? (() => performance.now()) });
  const questions = createSplunkQuestions(label, session);
  return {
    label,
    job: (sid, signal) => readJob(questions, sid, signal),
    results: (sid, signal) => readResults(questions, sid, signal),
    search: (wanted, signal) => runSearch(questions, wanted, { signal, silenceMs }),
    lostSends: (since, until, signal) =>
      readLostSends((wanted) => runSearch(questions, wanted, { signal, silenceMs }), since, until),
    webhookSearches: (signal) => readWebhookSearches(questions, signal),
    history: (search, signal) => readHistory(questions, search, signal),
    close() {
      http.close();
      return Promise.resolve();
    },
  };
}
