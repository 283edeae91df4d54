import axios, { type AxiosRequestConfig } from "axios";
import { Agent } from "node:https";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { AppError, messageOf } from "../domain/errors.ts";
import { localUrl } from "./urls.ts";

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Becomes JSON, unless it is bytes. */
  readonly body?: unknown;
  /** Media type of the body. Default is JSON. */
  readonly type?: string;
  /** Instead of the receiver that is configured here. */
  readonly url?: string | undefined;
  /** Send the token for the API. */
  readonly asAdmin: boolean;
  /** How long the receiver may be silent. Default is 15 s. */
  readonly timeoutMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Asks the running receiver. @throws {AppError} API_UNREACHABLE when it does not answer */
export async function callReceiver(config: ReceiverConfig, call: Call): Promise<Answer> {
  try {
    const response = await axios.request<unknown>(requestOf(config, call));
    return { status: response.status, body: response.data };
  } catch (error) {
    throw unreachable(config, call, error);
  }
}

/** The call as axios takes it; any status is an answer. */
export function requestOf(config: ReceiverConfig, call: Call): AxiosRequestConfig {
  const { method, path, body, type = "application/json", url, signal, timeoutMs = 15_000 } = call;
  return {
    method,
    url: `${baseOf(config, url)}${path}`,
    data: body,
    headers: {
      "Content-Type": type,
      ...(call.asAdmin ? { Authorization: `Bearer ${config.adminToken}` } : {}),
    },
    timeout: timeoutMs,
    maxRedirects: 0,
    maxContentLength: 64 * 1024 * 1024,
    maxBodyLength: 64 * 1024 * 1024,
    proxy: false,
    validateStatus: () => true,
    ...(signal === undefined ? {} : { signal }),
    // Our own certificate on this machine need not name 127.0.0.1; it must be the very one that is configured.
    ...(config.tls !== null && url === undefined
      ? {
          httpsAgent: new Agent({
            ca: config.tls.cert,
            allowPartialTrustChain: true,
            checkServerIdentity: () => undefined,
          }),
        }
      : {}),
  };
}

/** The failure of a call that nobody answered. */
export function unreachable(config: ReceiverConfig, { url }: Call, error: unknown): AppError {
  const base = URL.parse(baseOf(config, url))?.origin ?? "the address of --url";
  return new AppError(
    "API_UNREACHABLE",
    `the receiver at ${base} does not answer (${messageOf(error)}). Is it running? Start it with "npm start", or name another with --url.`,
    { retryable: true },
  );
}

function baseOf(config: ReceiverConfig, url: string | undefined): string {
  return (url ?? localUrl(config)).replace(/\/+$/, "");
}

/** The sentence in a problem document, or the status. */
export function explain({ status, body }: Answer): string {
  if (typeof body === "object" && body !== null && "title" in body && "detail" in body) {
    return `${status} ${String(body.title)}: ${String(body.detail)}`;
  }
  return `HTTP status ${status}`;
}
