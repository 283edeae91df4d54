import type { Request, RequestHandler, Response } from "express";
import { sendProblem } from "../problem.ts";
import type { Admission } from "./admission.ts";
import { remoteAddressOf, senderKeyOf } from "./remote-address.ts";
import { maxBodyBytes } from "./unread-body.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/** Refuses a delivery for which there is no room, before its body is read; otherwise holds its place until the answer. */
export function admit(deps: WebhookDeps, admission: Admission): RequestHandler {
  return (request, response, next) => {
    if (enter(deps, admission, { request, response, bytes: bytesOf(request) })) {
      next();
    }
  };
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
  response.once("close", leave);
  return true;
}

/** What the body may take: its length, or the limit when it does not say or is packed. */
function bytesOf({ headers }: Request): number {
  const length = Number(headers["content-length"] ?? maxBodyBytes);
  const isPacked = (headers["content-encoding"] ?? "identity") !== "identity";
  return isPacked || !(length <= maxBodyBytes) ? maxBodyBytes : length;
}
