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

/** The path may hold a key: no error ever shows it. Further headers are for this request only. */
export type HttpGet = (
  path: string,
  signal: AbortSignal,
  headers?: Readonly<Record<string, string>>,
) => Promise<HttpAnswer>;

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
  return async (path, signal, more = {}) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const limit = AbortSignal.any([signal, deadline]);
      const answer = await client.get<unknown>(path, { signal: limit, headers: { ...more } });
      return {
        status: answer.status,
        headers: Object.fromEntries(Object.entries(answer.headers)),
        text: String(answer.data),
      };
    } catch (error) {
      if (deadline.aborted) {
        throw unavailable(service, `gave no whole answer within ${timeoutMs / 1000} s`);
      }
      throw failureOf(service, error, signal);
    }
  };
}

/** A header that holds the key; none when there is no key. */
export function keyHeader(name: string, apiKey: string | null): Readonly<Record<string, string>> {
  return apiKey === null ? {} : { [name]: apiKey };
}

/** Without `cause`: what axios throws holds the request's headers and path, and with them the key. */
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
  return unavailable(service, `can't be reached (${describe(error.code ?? "connection failed")})`);
}

const certificateCodes = /^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

function describe(code: string): string {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `its host name can't be resolved: ${code}`;
  }
  return certificateCodes.test(code) ? `its certificate is not trusted: ${code}` : code;
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
