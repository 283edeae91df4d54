import type { Request, Response } from "express";
import type { Alert } from "../domain/alert.ts";
import { messageOf } from "../domain/errors.ts";
import { sendProblem } from "../problem.ts";
import { readDelivery } from "./read-delivery.ts";
import type { DeliveryAbout } from "./splunk-payload.ts";
import { keepUnread } from "./unread-body.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

/**
 * Takes an alert from a sender that has proved itself, and answers 202 after it is on disk; or keeps what can't be read.
 * @throws {AppError} STORE_UNAVAILABLE
 */
export async function acceptDelivery(
  deps: WebhookDeps,
  { request, response }: { readonly request: Request; readonly response: Response },
  bytes: Buffer,
  about: Omit<DeliveryAbout, "receivedAt" | "onIgnored">,
): Promise<void> {
  let ignored: readonly string[] = [];
  const alert = readDelivery(bytes, {
    ...about,
    receivedAt: deps.now(),
    onIgnored: (parts) => {
      ignored = parts;
    },
  });
  if ("problem" in alert) {
    await keepUnread(deps, request, { reason: alert.detail, body: bytes });
    sendProblem(response, alert.problem, alert.detail);
    return;
  }
  if (ignored.length > 0) {
    deps.log.warn({ alertId: alert.id, ignored }, "settings of an alert can't be read, and are ignored");
  }
  const addresses = await countSafely(deps, alert);
  const status = await deps.accept(alert);
  // Written by hand: Express's json() costs an ETag and a charset look-up for each alert.
  response.statusCode = 202;
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.end(JSON.stringify({ alertId: alert.id, status, addresses }));
}

/** It is told to the sender only: a bug in it must not cost the alert. */
async function countSafely({ countAddresses, log }: WebhookDeps, alert: Alert): Promise<number> {
  try {
    return await countAddresses(alert);
  } catch (error) {
    log.error({ alertId: alert.id, error: messageOf(error) }, "addresses could not be counted by a bug");
    return 0;
  }
}
