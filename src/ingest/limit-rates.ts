import type { Request, RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import { sendProblem } from "../problem.ts";
import { retrySeconds } from "./limit-guesses.ts";
import { remoteAddressOf, senderKeyOf } from "./remote-address.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/** Deliveries a minute from one sender. What is refused is lost for Splunk's stock webhook, so it is counted and people are told. */
export function limitPerSource(deps: WebhookDeps): readonly RequestHandler[] {
  const { behindProxy, rates } = deps;
  return limited(deps, rates.perSource, {
    who: "one address",
    keyOf: (request) => senderKeyOf(remoteAddressOf(request, behindProxy)),
  });
}

/** Deliveries a minute with one secret, wherever they come from. Only for those whose secret has been found right. */
export function limitPerToken(
  deps: WebhookDeps,
  keyOf: (request: Request) => string,
): readonly RequestHandler[] {
  return limited(deps, deps.rates.perToken, { who: "one token", keyOf });
}

function limited(
  { refusals, behindProxy }: WebhookDeps,
  most: number | null,
  { who, keyOf }: { readonly who: string; readonly keyOf: (request: Request) => string },
): readonly RequestHandler[] {
  if (most === null) {
    return [];
  }
  return [
    rateLimit({
      windowMs: 60_000,
      limit: most,
      standardHeaders: false,
      legacyHeaders: false,
      keyGenerator: keyOf,
      handler: (request, response) => {
        refusals.note("rate_limited", remoteAddressOf(request, behindProxy));
        sendProblem(response, "RATE_LIMITED", `More than ${most} alerts a minute from ${who}.`, {
          "Retry-After": retrySeconds,
          Connection: "close",
        });
      },
    }),
  ];
}
