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

const beginnings = new WeakMap<Request, Buffer[]>();

/** The body reader throws away what it refuses, so the beginning is taken down beside it, as it came over the wire. */
export const takeDownBeginning: RequestHandler = (request, _response, next) => {
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
        body: Buffer.concat(beginnings.get(request) ?? []),
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
