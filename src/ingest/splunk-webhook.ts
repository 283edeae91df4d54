import type { Express, RequestHandler } from "express";
import { xContentTypeOptions } from "helmet";
import { fromWebhook } from "../domain/alert-source.ts";
import { sendProblem } from "../problem.ts";
import { acceptDelivery } from "./accept-delivery.ts";
import { admit, holdPlace } from "./admit.ts";
import { limitGuesses } from "./limit-guesses.ts";
import { limitPerSource, limitPerToken } from "./limit-rates.ts";
import { requireClientCertificate, requireToken } from "./require-token.ts";
import { requireSource } from "./require-source.ts";
import { hideEncoding, requireSignature, takeSignature, takeSigned } from "./signed-delivery.ts";
import { answerUnreadBody, readBody, takeDownBeginning } from "./unread-body.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/**
 * The routes of Splunk's stock webhook, whose secret is in the path, and of signed deliveries. Splunk sends an alert once, follows a redirect
 * with an empty GET and calls that success: so every answer is final, nothing redirects, and what came with the right secret but can't
 * be read is kept.
 */
export function mountSplunkWebhook(app: Express, deps: WebhookDeps): void {
  const slowGuesses = limitGuesses(deps.behindProxy);
  // Only what means something for an answer that no browser shows: each further header is paid for on every alert.
  const beginning = [xContentTypeOptions(), forbidStoring, requireClientCertificate(deps)];
  const source = requireSource(deps, slowGuesses);
  mountStock(app, deps, [...beginning, requireToken(deps, slowGuesses), source]);
  mountSigned(app, deps, [...beginning, takeSignature(deps, slowGuesses), source], slowGuesses);
}

function mountStock(app: Express, deps: WebhookDeps, beginning: readonly RequestHandler[]): void {
  const path = "/webhooks/splunk/:token";
  app.post(
    path,
    ...beginning,
    ...limitPerSource(deps),
    ...limitPerToken(deps, ({ params }) => String(params["token"])),
    admit(deps, deps.admissions.known, { isUnpacked: true }),
    takeDownBeginning,
    readBody,
    (request, response) => {
      const body: unknown = request.body;
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      return holdPlace(response, acceptDelivery(deps, { request, response }, bytes, { source: fromWebhook }));
    },
  );
  app.all(path, refuseOtherMethods);
  app.use(path, answerUnreadBody(deps, true));
}

function mountSigned(
  app: Express,
  deps: WebhookDeps,
  beginning: readonly RequestHandler[],
  slowGuesses: RequestHandler,
): void {
  const path = "/webhooks/splunk";
  app.post(
    path,
    ...beginning,
    ...limitPerSource(deps),
    // Whoever sends this has proved nothing yet: it must not take the room of those who have.
    admit(deps, deps.admissions.unproved, { isUnpacked: false }),
    hideEncoding,
    readBody,
    requireSignature(deps, slowGuesses),
    ...limitPerToken(deps, () => "signed"),
    takeSigned(deps),
  );
  app.all(path, refuseOtherMethods);
  app.use(path, answerUnreadBody(deps, false));
}

const forbidStoring: RequestHandler = (_request, response, next) => {
  response.setHeader("Cache-Control", "no-store");
  next();
};

const refuseOtherMethods: RequestHandler = (_request, response) => {
  sendProblem(response, "METHOD_NOT_ALLOWED", "Splunk's webhook action sends a POST.", { Allow: "POST" });
};
