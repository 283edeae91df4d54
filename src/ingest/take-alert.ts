import type { Alert } from "../domain/alert.ts";
import type { AcceptAlert } from "../ports.ts";
import { PayloadError, readSplunkPayload } from "./splunk-payload.ts";

export interface TakeAlertDeps {
  readonly accept: AcceptAlert;
  readonly countAddresses: (alert: Alert) => number | Promise<number>;
  readonly now: () => Date;
}

/** What the sender of an alert is told. */
interface Taken {
  readonly alertId: string;
  readonly status: "accepted" | "duplicate";
  readonly addresses: number;
}

/**
 * Takes an alert whose sender is known already: resolves when it is committed. Its body is what Splunk's webhook sends, parsed.
 * @throws {AppError} STORE_UNAVAILABLE
 */
export function createTakeAlert({ accept, countAddresses, now }: TakeAlertDeps) {
  return async (body: unknown, source: string): Promise<Taken | { readonly problem: string }> => {
    const alert = readBody(body, now(), source);
    if ("problem" in alert) {
      return alert;
    }
    const addresses = await countAddresses(alert);
    return { alertId: alert.id, status: await accept(alert), addresses };
  };
}

function readBody(body: unknown, receivedAt: Date, source: string): Alert | { readonly problem: string } {
  try {
    return readSplunkPayload(body, { receivedAt, source });
  } catch (error) {
    if (error instanceof PayloadError) {
      return { problem: error.message };
    }
    throw error;
  }
}
