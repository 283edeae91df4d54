import type { Request, RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import { sendProblem } from "../problem.ts";
import { remoteAddressOf, senderKeyOf } from "./remote-address.ts";

export const retrySeconds = "60";

/** Slows down who guesses secrets: 60 a minute from one sender. Who has the right one never meets this limit. */
export function limitGuesses(behindProxy: boolean): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: 60,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (request: Request) => senderKeyOf(remoteAddressOf(request, behindProxy)),
    handler: (_request, response) => {
      sendProblem(response, "RATE_LIMITED", "Too many requests without the right secret.", {
        "Retry-After": retrySeconds,
        Connection: "close",
      });
    },
  });
}
