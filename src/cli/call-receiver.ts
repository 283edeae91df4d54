import axios from "axios";
import { Agent } from "node:https";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { AppError, messageOf } from "../domain/errors.ts";
import { localUrl } from "./urls.ts";

export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** Instead of the receiver that is configured here. */
  readonly url?: string | undefined;
  /** Send ADMIN_TOKEN. */
  readonly asAdmin: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Asks the running receiver. @throws {AppError} API_UNREACHABLE when it does not answer */
export async function callReceiver(config: ReceiverConfig, call: Call): Promise<Answer> {
  const base = (call.url ?? localUrl(config)).replace(/\/+$/, "");
  try {
    const response = await axios.request<unknown>({
      method: call.method,
      url: `${base}${call.path}`,
      data: call.body,
      headers: {
        "Content-Type": "application/json",
        ...(call.asAdmin ? { Authorization: `Bearer ${config.adminToken}` } : {}),
      },
      timeout: 15_000,
      maxRedirects: 0,
      maxContentLength: 16 * 1024 * 1024,
      proxy: false,
      validateStatus: () => true,
      // Our own certificate on this machine need not name 127.0.0.1; it must be the very one that is configured.
      ...(config.tls !== null && call.url === undefined
        ? {
            httpsAgent: new Agent({
              ca: config.tls.cert,
              allowPartialTrustChain: true,
              checkServerIdentity: () => undefined,
            }),
          }
        : {}),
    });
    return { status: response.status, body: response.data };
  } catch (error) {
    throw new AppError(
      "API_UNREACHABLE",
      `the receiver at ${new URL(base).origin} does not answer (${messageOf(error)}). Is it running? Start it with "npm start", or name another with --url.`,
      { retryable: true },
    );
  }
}

/** The sentence in a problem document, or the status. */
export function explain({ status, body }: Answer): string {
  if (typeof body === "object" && body !== null && "title" in body && "detail" in body) {
    return `${status} ${String(body.title)}: ${String(body.detail)}`;
  }
  return `HTTP status ${status}`;
}
