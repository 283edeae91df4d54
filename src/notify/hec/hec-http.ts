import { randomUUID } from "node:crypto";
import { Agent as HttpAgent } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { create, isAxiosError } from "axios";
import { createSplunkAgent } from "../../checked-agent.ts";
import type { HecConfig } from "../../config/config.ts";
import { AppError } from "../../domain/errors.ts";

/** Any status: what it means is somebody else's business. */
export interface HecAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

export interface HecHttp {
  /** @throws {AppError} HEC_UNDELIVERED (retryable): no whole answer came */
  readonly post: (body: string, signal: AbortSignal) => Promise<HecAnswer>;
  /** Asks whether it takes events; needs no token. Throws as `post` does. */
  readonly health: (signal: AbortSignal) => Promise<HecAnswer>;
  readonly close: () => void;
}

const compress = promisify(gzip);

const advice = {
  certSha256: "SPLUNK_HEC_CERT_SHA256",
  ca: "SPLUNK_HEC_CA_FILE",
  unknownHost: "Check SPLUNK_HEC_URL",
  noTls:
    "Check SPLUNK_HEC_URL: the port of the HTTP Event Collector, usually 8088, with TLS switched on in its global settings",
  notReached:
    "Check SPLUNK_HEC_URL (the port of the HTTP Event Collector is usually 8088, and it must be switched on)",
};

/** Answers are one short line. */
const mostBytes = 64 * 1024;
const idleMs = 4000;

/** One host, trusted with nothing but the token: checked before anything is sent, limited time, limited size, no redirects, no proxy. Tries once. */
export function createHecHttp(
  { url, token, ca, certSha256 }: HecConfig,
  label: string,
  timeoutMs: number,
): HecHttp {
  const agent = agentFor({ url, ca, certSha256 }, label, timeoutMs);
  const client = create({
    httpAgent: agent,
    httpsAgent: agent,
    baseURL: url,
    headers: { "User-Agent": "Portcullis", Accept: "application/json" },
    proxy: false,
    maxRedirects: 0,
    maxContentLength: mostBytes,
    responseType: "text",
    transformRequest: (data: unknown) => data,
    transformResponse: (text: unknown) => text,
    validateStatus: () => true,
  });
  /** A token that confirms what it indexed wants one; what it would confirm is not asked. */
  const channel = randomUUID();

  const exchange = async (
    request: { readonly method: "GET" | "POST"; readonly url: string; readonly data?: Buffer },
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HecAnswer> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await client.request<unknown>({
        ...request,
        headers: { ...headers },
        signal: AbortSignal.any([signal, deadline]),
      });
      const { status, data, headers: told } = answer;
      return { status, text: String(data), retryAfter: textOrNull(told["retry-after"]) };
    } catch (error) {
      throw deadline.aborted && !signal.aborted
        ? undelivered(label, `gave no whole answer within ${timeoutMs / 1000} s`)
        : failureOf(label, error, signal);
    }
  };

  return {
    post: async (body, signal) =>
      exchange(
        { method: "POST", url: "/services/collector/event", data: await compress(body) },
        {
          Authorization: `Splunk ${token}`,
          "Content-Type": "application/json",
          "Content-Encoding": "gzip",
          "X-Splunk-Request-Channel": channel,
        },
        signal,
      ),
    health: (signal) => exchange({ method: "GET", url: "/services/collector/health" }, {}, signal),
    close() {
      agent.destroy();
    },
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function agentFor(
  { url, ca, certSha256 }: Pick<HecConfig, "url" | "ca" | "certSha256">,
  label: string,
  timeoutMs: number,
): HttpAgent {
  const { hostname, port, protocol } = new URL(url);
  return protocol === "http:"
    ? new HttpAgent({ keepAlive: true, maxSockets: 2, timeout: idleMs })
    : createSplunkAgent({
        host: hostname.replace(/^\[|\]$/g, ""),
        port: port === "" ? 443 : Number(port),
        ca,
        certSha256,
        handshakeMs: Math.min(timeoutMs, 10_000),
        idleMs,
        fault: (what) => undelivered(label, what),
        advice,
      });
}

function undelivered(label: string, what: string): AppError {
  return new AppError("HEC_UNDELIVERED", `${label} ${what}`, { retryable: true });
}

/** Without `cause`: what axios throws holds the headers, and with them the token. */
function failureOf(label: string, error: unknown, signal: AbortSignal): AppError {
  if (signal.aborted) {
    return undelivered(label, "gave no answer in the time it was given");
  }
  // What the agent threw comes as the cause of axios's error.
  const { cause, message } = isAxiosError(error) ? error : { cause: error, message: "" };
  if (cause instanceof AppError) {
    return cause;
  }
  if (message.startsWith("maxContentLength")) {
    return undelivered(
      label,
      `gave an answer of more than ${mostBytes / 1024} KiB, which no HTTP Event Collector does`,
    );
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "connection failed";
  return undelivered(
    label,
    downCodes.has(code) ? `can't be reached (${code}). ${advice.notReached}` : `broke off (${code})`,
  );
}

const downCodes: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);
