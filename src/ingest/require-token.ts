import type { Request, RequestHandler } from "express";
import { createSecretCheck } from "../domain/secret.ts";
import { sendProblem } from "../problem.ts";
import { remoteAddressOf } from "./remote-address.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/** Lets through who has one of the tokens in the path. */
export function requireToken(
  { tokens, behindProxy, log }: WebhookDeps,
  limitGuesses: RequestHandler,
): RequestHandler {
  const isToken = createSecretCheck(tokens);
  return (request, response, next) => {
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

/** With a client CA: lets through who has a certificate of it. */
export function requireClientCertificate({ clientCertificateRequired }: WebhookDeps): RequestHandler {
  return (request, response, next) => {
    if (clientCertificateRequired && !hasClientCertificate(request)) {
      sendProblem(response, "UNAUTHENTICATED", "This route needs a client certificate.");
      return;
    }
    next();
  };
}

function hasClientCertificate(request: Request): boolean {
  return "authorized" in request.socket && request.socket.authorized === true;
}
