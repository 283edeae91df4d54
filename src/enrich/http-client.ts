import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { create, isAxiosError } from "axios";
import type { AppError } from "../domain/errors.ts";
import { answerInvalid, unavailable } from "./provider-errors.ts";

export interface HttpClientOptions {
  /** The service's name, as people write it: begins every error message. */
  readonly service: string;
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** Sent with each request. May hold a key: no error ever shows them. */
  readonly headers: Readonly<Record<string, string>>;
  /** After decompression. */
  readonly maxBytes: number;
  /** From the first packet to the last. Default is 10 s. */
  readonly timeoutMs?: number;
}

/** Any status: what it means is the service's own business. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export type HttpGet = (path: string, signal: AbortSignal) => Promise<HttpAnswer>;

const defaultTimeoutMs = 10_000;

// VirusTotal compresses only for a client whose name holds this word.
const userAgent = "Portcullis (gzip)";

/**
 * Asks one service, trusting it with nothing: limited time, limited size, no redirects. Connections are kept open.
 * Goes through the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY`), but never to this machine itself.
 * @throws {AppError} PROVIDER_UNAVAILABLE (retryable), PROVIDER_ANSWER_INVALID (larger than `maxBytes`)
 */
export function createHttpGet(options: HttpClientOptions): HttpGet {
  const { service, baseUrl, headers, maxBytes, timeoutMs = defaultTimeoutMs } = options;
  const client = create({
    baseURL: baseUrl,
    headers: { "User-Agent": userAgent, Accept: "application/json", ...headers },
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true }),
    maxContentLength: maxBytes,
    maxRedirects: 0,
    responseType: "text",
    transformResponse: (text: unknown) => text,
    validateStatus: () => true,
    ...(isLoopback(baseUrl) ? { proxy: false } : {}),
  });
  return async (path, signal) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await client.get<unknown>(path, { signal: AbortSignal.any([signal, deadline]) });
      return {
        status: answer.status,
        headers: Object.fromEntries(Object.entries(answer.headers)),
        text: String(answer.data),
      };
    } catch (error) {
      if (deadline.aborted) {
        throw unavailable(service, `gave no answer within ${timeoutMs / 1000} s`);
      }
      throw failureOf(service, error, signal);
    }
  };
}

/** Without `cause`: what axios throws holds the request's headers, and with them the key. */
function failureOf(service: string, error: unknown, signal: AbortSignal): AppError {
  if (signal.aborted) {
    return unavailable(service, "gave no answer in the time it was given");
  }
  if (!isAxiosError(error)) {
    return unavailable(service, "could not be asked");
  }
  if (error.message.startsWith("maxContentLength")) {
    return answerInvalid(service, "is larger than any real one");
  }
  return unavailable(service, `can't be reached (${error.code ?? "connection failed"})`);
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
