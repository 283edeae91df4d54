import type { Readable } from "node:stream";
import { create, isAxiosError } from "axios";
import { createSplunkAgent, type SplunkEndpoint } from "../../checked-agent.ts";
import { AppError } from "../../domain/errors.ts";
import { answerTooLarge, unreachable } from "./splunk-errors.ts";

export interface SplunkRequest {
  readonly method: "GET" | "POST";
  /** Encoded, with the query. */
  readonly path: string;
  /** Becomes the body of a POST. */
  readonly form?: Readonly<Record<string, string>>;
  /** Give the body as it comes when the status is 200. */
  readonly isStream?: boolean;
}

/** Any status: what it means is somebody else's business. */
export interface SplunkAnswer {
  readonly status: number;
  /** Empty when `body` is there. */
  readonly text: string;
  /** Not null: read it to its end, or destroy it. */
  readonly body: Readable | null;
  /** The body's end can be told from a cut connection. */
  readonly isFramed: boolean;
}

export interface HttpLimits {
  /** Of one answer that is not streamed, after decompression. */
  readonly maxBytes: number;
  /** From the first packet to the last, of what is not streamed. */
  readonly timeoutMs: number;
  /** How long a streamed answer may say nothing. A search that sorts says nothing until it is done. */
  readonly silenceMs: number;
}

export interface SplunkHttp {
  /** @throws {AppError} SPLUNK_UNREACHABLE, SPLUNK_ANSWER_INVALID (too large: see `isTooLarge`) */
  send(request: SplunkRequest, authorization: string | null, signal: AbortSignal): Promise<SplunkAnswer>;
  close(): void;
}

export interface ApiEndpoint extends Omit<SplunkEndpoint, "fault" | "advice"> {
  /** `host:port`, for messages. */
  readonly label: string;
}

const advice = {
  certSha256: "SPLUNK_CERT_SHA256",
  ca: "SPLUNK_CA_FILE",
  unknownHost: "Check SPLUNK_HOST",
  noTls: "SPLUNK_PORT must be the management port, usually 8089",
  notReached: "Check SPLUNK_HOST and SPLUNK_PORT (the management port, usually 8089)",
};

/** One host, trusted with nothing but the login: limited time, limited size, no redirects, no proxy. Tries once. */
export function createSplunkHttp(endpoint: ApiEndpoint, limits: HttpLimits): SplunkHttp {
  const { host, port, label } = endpoint;
  const agent = createSplunkAgent({ ...endpoint, fault: (what) => unreachable(label, what), advice });
  const client = create({
    baseURL: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    headers: { "User-Agent": "Portcullis", Accept: "application/json" },
    httpsAgent: agent,
    // Splunk is beside us, and a proxy would have to break the pinned connection.
    proxy: false,
    maxRedirects: 0,
    transformResponse: (text: unknown) => text,
    validateStatus: () => true,
  });

  const exchange = (request: SplunkRequest, authorization: string | null, signal: AbortSignal) =>
    client.request<unknown>({
      method: request.method,
      url: request.path,
      headers: {
        ...(authorization === null ? {} : { Authorization: authorization }),
        // Compressed, rows would wait until a block of them is full.
        ...(request.isStream === true ? { "Accept-Encoding": "identity" } : {}),
      },
      ...(request.form === undefined ? {} : { data: new URLSearchParams(request.form) }),
      responseType: request.isStream === true ? "stream" : "text",
      maxContentLength: request.isStream === true ? -1 : limits.maxBytes,
      signal,
    });

  return {
    async send(request, authorization, signal) {
      const ms = request.isStream === true ? limits.silenceMs : limits.timeoutMs;
      const late = new AbortController();
      const timer = setTimeout(() => {
        late.abort();
      }, ms);
      try {
        const answer = await exchange(request, authorization, AbortSignal.any([signal, late.signal]));
        const isFramed = ["content-length", "transfer-encoding"].some((name) => name in answer.headers);
        if (request.isStream !== true) {
          return { status: answer.status, text: String(answer.data), body: null, isFramed };
        }
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- axios gives a stream when it was asked for one
        const body = answer.data as Readable;
        return answer.status === 200
          ? { status: 200, text: "", body, isFramed }
          : { status: answer.status, text: await firstText(body), body: null, isFramed };
      } catch (error) {
        throw late.signal.aborted
          ? unreachable(label, `gave no whole answer within ${ms / 1000} s`)
          : failureOf(label, error, { signal, maxBytes: limits.maxBytes });
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      agent.destroy();
    },
  };
}

/** Errors are short. */
const longestError = 64 * 1024;

async function firstText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > longestError) {
      break;
    }
  }
  return Buffer.concat(chunks).subarray(0, longestError).toString("utf8");
}

/** Without `cause`: what axios throws holds the headers, and with them the login. */
export function failureOf(
  label: string,
  error: unknown,
  { signal, maxBytes }: { readonly signal: AbortSignal; readonly maxBytes: number },
): AppError {
  if (signal.aborted) {
    return unreachable(label, "gave no answer in the time it was given");
  }
  // What the agent threw comes as the cause of axios's error.
  const own = error instanceof AppError ? error : isAxiosError(error) ? error.cause : undefined;
  if (own instanceof AppError) {
    return own;
  }
  if (isAxiosError(error) && error.message.startsWith("maxContentLength")) {
    return answerTooLarge(label, maxBytes);
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "connection failed";
  return unreachable(label, `broke off (${code})`);
}
