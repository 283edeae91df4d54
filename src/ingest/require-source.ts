import type { RequestHandler } from "express";
import { parseIpAddress, prefixContains } from "../domain/ip-address.ts";
import { sendProblem } from "../problem.ts";
import { remoteAddressOf } from "./remote-address.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/** Lets through who sends from one of the allowed networks. Others are slowed down, or they could fill the log. */
export function requireSource(
  { sources, behindProxy, log }: WebhookDeps,
  limitGuesses: RequestHandler,
): RequestHandler {
  return (request, response, next) => {
    const text = sources === null ? "" : remoteAddressOf(request, behindProxy);
    const address = parseIpAddress(text);
    if (
      sources === null ||
      (address !== undefined && sources.some((source) => prefixContains(source, address)))
    ) {
      next();
      return undefined;
    }
    return limitGuesses(request, response, () => {
      log.warn({ remoteAddress: text }, "webhook from a source outside WEBHOOK_SOURCES refused");
      sendProblem(response, "SOURCE_NOT_ALLOWED", "This address is not in WEBHOOK_SOURCES.");
    });
  };
}
