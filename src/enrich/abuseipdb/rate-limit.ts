import type { ProviderConfig } from "../../config/config.ts";
import type { QuotaWindow } from "../../ports.ts";
import type { HttpAnswer } from "../http-client.ts";
import { toldWindow } from "../quota-windows.ts";

/**
 * What the headers of an answer say about the day's budget of the account; empty when they say nothing. When the day ends only
 * `X-RateLimit-Reset` tells: it is not midnight UTC.
 * Source: docs.abuseipdb.com, "Rate limits".
 */
export function rateLimitOf(
  { headers }: Pick<HttpAnswer, "headers">,
  settings: ProviderConfig["quota"],
): readonly QuotaWindow[] {
  const limit = counterOf(headers["x-ratelimit-limit"]);
  const left = counterOf(headers["x-ratelimit-remaining"]);
  if (limit === undefined || left === undefined) {
    return [];
  }
  const reset = counterOf(headers["x-ratelimit-reset"]);
  return [
    toldWindow(
      { name: "day", limit, left, resetsAt: reset === undefined ? undefined : new Date(reset * 1000) },
      settings,
    ),
  ];
}

function counterOf(value: unknown): number | undefined {
  return typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
