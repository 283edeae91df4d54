import {
  type ErrorRequestHandler,
  type Express,
  raw,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { xContentTypeOptions } from "helmet";
import type { Alert } from "../domain/alert.ts";
import { messageOf } from "../domain/errors.ts";
import { type IpPrefix, parseIpAddress, prefixContains } from "../domain/ip-address.ts";
import { createSecretCheck } from "../domain/secret.ts";
import type { AcceptAlert, Log, Store } from "../ports.ts";
import { type ProblemCode, sendProblem } from "../problem.ts";
import { PayloadError, readSplunkPayload } from "./splunk-payload.ts";

export interface SplunkWebhookDeps {
  readonly store: Pick<Store, "keepUnreadable">;
  readonly log: Log;
  readonly now: () => Date;
  readonly accept: AcceptAlert;
  /** How many addresses the alert names; told to the sender. */
  readonly countAddresses: (alert: Alert) => number;
  readonly tokens: readonly string[];
  /** Null: any. */
  readonly sources: readonly IpPrefix[] | null;
  readonly behindProxy: boolean;
  /** With TLS and a client CA: only connections with a certificate of that CA. */
  readonly clientCertificateRequired: boolean;
}

const maxBodyBytes = 5 * 1024 * 1024;
/** How much of a delivery that can't be read is kept. */
const keptBytes = 64 * 1024;
const retrySeconds = "60";

/**
 * The route of Splunk's stock webhook. Splunk sends an alert once, follows a redirect with an empty GET and calls that success:
 * so every answer is final, nothing redirects, and what came with the right secret but can't be read is kept.
 */
export function mountSplunkWebhook(app: Express, deps: SplunkWebhookDeps): void {
  const path = "/webhooks/splunk/:token";
  app.post(
    path,
    // Only what means something for an answer that no browser shows: each further header is paid for on every alert.
    xContentTypeOptions(),
    forbidStoring,
    requireToken(deps),
    requireSource(deps),
    limitDeliveries(deps),
    takeDownBeginning,
    readBody,
    acceptDelivery(deps),
  );
  app.all(path, (_request, response) => {
    sendProblem(response, "METHOD_NOT_ALLOWED", "Splunk's webhook action sends a POST.", { Allow: "POST" });
  });
  app.use(path, keepUnreadBody(deps));
}

const forbidStoring: RequestHandler = (_request, response, next) => {
  response.setHeader("Cache-Control", "no-store");
  next();
};

/** The sender's address without the `::ffff:` of a dual-stack socket. */
function remoteAddressOf(request: Request, behindProxy: boolean): string {
  const address = (behindProxy ? request.ip : request.socket.remoteAddress) ?? "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

function requireToken({
  tokens,
  behindProxy,
  clientCertificateRequired,
  log,
}: SplunkWebhookDeps): RequestHandler {
  const isToken = createSecretCheck(tokens);
  // Guessing is slowed down; a sender with the right token never meets this limit.
  const limitGuesses = rateLimit({
    windowMs: 60_000,
    limit: 60,
    standardHeaders: false,
    legacyHeaders: false,
    // Who has one IPv6 address usually has the /64 around it.
    keyGenerator: (request) => ipKeyGenerator(remoteAddressOf(request, behindProxy), 64),
    handler: (_request, response) => {
      sendProblem(response, "RATE_LIMITED", "Too many requests without the right secret.", {
        "Retry-After": retrySeconds,
      });
    },
  });
  return (request, response, next) => {
    if (clientCertificateRequired && !hasClientCertificate(request)) {
      sendProblem(response, "UNAUTHENTICATED", "This route needs a client certificate.");
      return undefined;
    }
    if (isToken(String(request.params["token"]))) {
      next();
      return undefined;
    }
    return limitGuesses(request, response, () => {
      log.warn(
        { remoteAddress: remoteAddressOf(request, behindProxy) },
        "webhook with a wrong token refused",
      );
      sendProblem(
        response,
        "UNAUTHENTICATED",
        "The token in the path is wrong. `portcullis secrets` prints the right URL.",
      );
    });
  };
}

function hasClientCertificate(request: Request): boolean {
  return "authorized" in request.socket && request.socket.authorized === true;
}

function requireSource({ sources, behindProxy, log }: SplunkWebhookDeps): RequestHandler {
  return (request, response, next) => {
    const text = sources === null ? "" : remoteAddressOf(request, behindProxy);
    const address = parseIpAddress(text);
    if (
      sources === null ||
      (address !== undefined && sources.some((source) => prefixContains(source, address)))
    ) {
      next();
      return;
    }
    log.warn({ remoteAddress: text }, "webhook from a source outside WEBHOOK_SOURCES refused");
    sendProblem(response, "SOURCE_NOT_ALLOWED", "This address is not in WEBHOOK_SOURCES.");
  };
}

function limitDeliveries({ behindProxy }: SplunkWebhookDeps): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    // What is refused here is lost for good, so only a sender gone mad may meet it: over 16,000 alerts a second.
    limit: 1_000_000,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (request) => remoteAddressOf(request, behindProxy),
    handler: (_request, response) => {
      sendProblem(response, "RATE_LIMITED", "More than 1,000,000 alerts a minute from one address.", {
        "Retry-After": retrySeconds,
      });
    },
  });
}

const readBody = raw({ type: () => true, limit: maxBodyBytes });

function acceptDelivery(deps: SplunkWebhookDeps): RequestHandler {
  return async (request, response) => {
    const body: unknown = request.body;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const alert = readAlert(bytes, deps.now());
    if ("problem" in alert) {
      await keep(deps, request, { reason: alert.detail, body: bytes.subarray(0, keptBytes) });
      sendProblem(response, alert.problem, alert.detail);
      return;
    }
    const addresses = deps.countAddresses(alert);
    const status = await deps.accept(alert);
    // Written by hand: Express's json() costs an ETag and a charset look-up for each alert.
    response.statusCode = 202;
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.end(JSON.stringify({ alertId: alert.id, status, addresses }));
  };
}

function readAlert(
  bytes: Buffer,
  now: Date,
): Alert | { readonly problem: ProblemCode; readonly detail: string } {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    return {
      problem: "BODY_UNREADABLE",
      detail: bytes.length === 0 ? "The body is empty." : "The body is not JSON.",
    };
  }
  try {
    return readSplunkPayload(json, now, "splunk-webhook");
  } catch (error) {
    if (error instanceof PayloadError) {
      return { problem: "PAYLOAD_INVALID", detail: error.message };
    }
    throw error;
  }
}

const beginnings = new WeakMap<Request, Buffer[]>();

/** The body reader throws away what it refuses, so the beginning is taken down beside it, as it came over the wire. */
const takeDownBeginning: RequestHandler = (request, _response, next) => {
  const chunks: Buffer[] = [];
  let length = 0;
  request.on("data", (chunk: Buffer) => {
    if (length < keptBytes) {
      chunks.push(chunk);
      length += chunk.length;
    }
  });
  beginnings.set(request, chunks);
  next();
};

/** Errors of the body reader: too large, broken gzip, cut off. The sender had the right token, so a trace of it is kept. */
function keepUnreadBody(deps: SplunkWebhookDeps): ErrorRequestHandler {
  return async (error: unknown, request: Request, response: Response, next) => {
    if (!isBodyError(error)) {
      next(error);
      return;
    }
    const tooLarge = "type" in error && error.type === "entity.too.large";
    const detail = tooLarge
      ? `The limit is ${maxBodyBytes} bytes.`
      : `The body could not be read: ${messageOf(error)}.`;
    await keep(deps, request, {
      reason: detail,
      body: Buffer.concat(beginnings.get(request) ?? []).subarray(0, keptBytes),
    });
    sendProblem(response, tooLarge ? "BODY_TOO_LARGE" : "BODY_UNREADABLE", detail, { Connection: "close" });
  };
}

/** What the body reader or a decompressor throws. */
function isBodyError(error: unknown): error is Error {
  if (!(error instanceof Error)) {
    return false;
  }
  const isRefusal = "type" in error && typeof error.type === "string";
  const isBroken =
    "code" in error &&
    typeof error.code === "string" &&
    /^(?:Z_|ZSTD_|ERR_(?:BROTLI|ZLIB|ZSTD|_))/.test(error.code);
  return isRefusal || isBroken;
}

async function keep(
  { store, now, behindProxy, log }: SplunkWebhookDeps,
  request: Request,
  delivery: { readonly reason: string; readonly body: Uint8Array },
): Promise<void> {
  const remoteAddress = remoteAddressOf(request, behindProxy);
  log.error(
    { remoteAddress, reason: delivery.reason, bytes: delivery.body.length },
    "delivery can't be read, kept for the operator",
  );
  await store.keepUnreadable({ ...delivery, receivedAt: now(), remoteAddress });
}
