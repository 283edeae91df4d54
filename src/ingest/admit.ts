import type { Request, RequestHandler, Response } from "express";
import { sendProblem } from "../problem.ts";
import type { Admission } from "./admission.ts";
import { remoteAddressOf, senderKeyOf } from "./remote-address.ts";
import { maxBodyBytes } from "./unread-body.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/**
 * Refuses a delivery for which there is no room, before its body is read; otherwise holds its place until the answer.
 * @param isUnpacked the body is unpacked while it is read
 */
export function admit(
  deps: WebhookDeps,
  admission: Admission,
  { isUnpacked }: { readonly isUnpacked: boolean },
): RequestHandler {
  return (request, response, next) => {
    if (enter(deps, admission, { request, response, bytes: bytesOf(request, isUnpacked) })) {
      next();
    }
  };
}

const works = new WeakMap<Response, Promise<void>>();

/** Keeps the delivery's places until this is done, also when its sender has gone: what it sent is in memory as long. */
export function holdPlace(response: Response, work: Promise<void>): Promise<void> {
  works.set(response, work);
  return work;
}

/** @returns false: there is no room, and that is answered */
export function enter(
  { refusals, behindProxy }: WebhookDeps,
  admission: Admission,
  {
    request,
    response,
    bytes,
  }: { readonly request: Request; readonly response: Response; readonly bytes: number },
): boolean {
  const remoteAddress = remoteAddressOf(request, behindProxy);
  const leave = admission.enter(bytes, senderKeyOf(remoteAddress));
  if (leave === null) {
    refusals.note("overloaded", remoteAddress);
    sendProblem(response, "OVERLOADED", "More alerts wait than can be taken. Send it again.", {
      "Retry-After": "5",
      Connection: "close",
    });
    return false;
  }
  response.once("close", () => {
    // What went wrong is told by whoever does the work.
    (works.get(response) ?? Promise.resolve()).then(leave, leave);
  });
  return true;
}

/** What the body may take: its length, or the limit when it does not say or is unpacked. */
function bytesOf({ headers }: Request, isUnpacked: boolean): number {
  const length = Number(headers["content-length"] ?? maxBodyBytes);
  const grows = isUnpacked && (headers["content-encoding"] ?? "identity") !== "identity";
  return grows || !(length <= maxBodyBytes) ? maxBodyBytes : length;
}
