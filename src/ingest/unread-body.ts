import { raw, type Request, type RequestHandler, type ErrorRequestHandler, type Response } from "express";
import { messageOf } from "../domain/errors.ts";
import { sendProblem } from "../problem.ts";
import { remoteAddressOf } from "./remote-address.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/** As it comes over the wire. */
export const maxBodyBytes = 5 * 1024 * 1024;
/** How much of a delivery that can't be read is kept. */
const keptBytes = 64 * 1024;

/** The body as bytes, unpacked; with both sizes bounded. */
export const readBody = raw({ type: () => true, limit: maxBodyBytes });

interface Beginning {
  readonly chunks: Buffer[];
  length: number;
}

const beginnings = new WeakMap<Request, Beginning>();

/** The body reader throws away what it refuses, so the beginning is taken down beside it, as it came over the wire. */
export const takeDownBeginning: RequestHandler = (request, _response, next) => {
  const beginning: Beginning = { chunks: [], length: 0 };
  request.on("data", (chunk: Buffer) => {
    if (beginning.length < keptBytes) {
      beginning.chunks.push(chunk);
      beginning.length += chunk.length;
    }
  });
  beginnings.set(request, beginning);
  next();
};

/** What is kept of a body that was refused; waits for it when the body reader refused it by its headers alone. */
function beginningOf(request: Request): Promise<Buffer> {
  const beginning = beginnings.get(request) ?? { chunks: [], length: 0 };
  return new Promise((resolve) => {
    const tell = (): void => {
      if (request.readableEnded || request.destroyed || beginning.length >= keptBytes) {
        for (const event of events) {
          request.off(event, tell);
        }
        resolve(Buffer.concat(beginning.chunks));
      }
    };
    for (const event of events) {
      request.on(event, tell);
    }
    request.resume();
    tell();
  });
}

const events = ["data", "end", "close"] as const;

/** Errors of the body reader: too large, broken gzip, cut off. When the sender has proved itself, a trace of it is kept. */
export function answerUnreadBody(deps: WebhookDeps, isProved: boolean): ErrorRequestHandler {
  return async (error: unknown, request: Request, response: Response, next) => {
    if (!isBodyError(error)) {
      next(error);
      return;
    }
    const tooLarge = "type" in error && error.type === "entity.too.large";
    const detail = tooLarge
      ? `The limit is ${maxBodyBytes} bytes.`
      : `The body could not be read: ${messageOf(error)}.`;
    if (isProved) {
      await keepUnread(deps, request, {
        reason: detail,
        body: await beginningOf(request),
      });
    }
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

/** Keeps the beginning of a delivery for a person: nobody will send it again. */
export async function keepUnread(
  { store, now, behindProxy, log }: WebhookDeps,
  request: Request,
  { reason, body }: { readonly reason: string; readonly body: Uint8Array },
): Promise<void> {
  const kept = body.subarray(0, keptBytes);
  const remoteAddress = remoteAddressOf(request, behindProxy);
  log.error({ remoteAddress, reason, bytes: kept.length }, "delivery can't be read, kept for the operator");
  await store.keepUnreadable({ reason, body: kept, receivedAt: now(), remoteAddress });
}
