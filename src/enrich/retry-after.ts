import type { HttpAnswer } from "./http-client.ts";

const shortestMs = 1000;
const longestMs = 24 * 3_600_000;

/**
 * How long the service wants us to wait, in milliseconds, from 1 s to a day: `Retry-After` in seconds or as a date, else
 * `X-RateLimit-Reset` in seconds since 1970, else `undefined`.
 * Source: RFC 9110, section 10.2.3; docs.abuseipdb.com, "Rate limits".
 */
export function retryAfterMsOf({ headers }: Pick<HttpAnswer, "headers">, now: Date): number | undefined {
  const waitMs = fromRetryAfter(headers["retry-after"], now) ?? fromReset(headers["x-ratelimit-reset"], now);
  return waitMs === undefined ? undefined : Math.min(longestMs, Math.max(shortestMs, waitMs));
}

function fromRetryAfter(value: unknown, now: Date): number | undefined {
  if (typeof value !== "string") {
    return undefined;
  }
  const waitMs = isDigits(value) ? Number(value) * 1000 : Date.parse(value) - now.getTime();
  return Number.isNaN(waitMs) ? undefined : waitMs;
}

function fromReset(value: unknown, now: Date): number | undefined {
  return typeof value === "string" && isDigits(value) ? Number(value) * 1000 - now.getTime() : undefined;
}

function isDigits(text: string): boolean {
  return /^\d{1,12}$/.test(text);
}
