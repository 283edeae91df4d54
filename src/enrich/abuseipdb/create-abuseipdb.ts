import type { ProviderConfig } from "../../config/config.ts";
import type { AppError } from "../../domain/errors.ts";
import type { IntelProvider } from "../../ports.ts";
import { createHttpGet, type HttpAnswer } from "../http-client.ts";
import { answerInvalid, quotaExhausted, refusedKey, rejected, unavailable } from "../provider-errors.ts";
import { readAnswer, requireAbout } from "../read-answer.ts";
import { retryAfterMsOf } from "../retry-after.ts";
import { CheckAnswer, evidenceOf } from "./check-answer.ts";

const service = "AbuseIPDB";
const maxBytes = 1024 * 1024;

/** Reports older than this do not count. */
const maxAgeInDays = 90;

/** The quota is per day, and its answer says when the day ends; this is for an answer that does not. */
const quotaWaitMs = 15 * 60_000;

/**
 * AbuseIPDB API v2. An address that nobody reported is unknown.
 * Source: docs.abuseipdb.com, "CHECK Endpoint", "Errors", "Rate limits".
 */
export function createAbuseIpdb(
  config: ProviderConfig,
  { now = () => new Date() }: { readonly now?: () => Date } = {},
): IntelProvider {
  const get = createHttpGet({ service, baseUrl: config.url, headers: { Key: config.apiKey }, maxBytes });
  return {
    name: "abuseipdb",
    numbers: ["score", "reports", "reporters"],
    async lookUp(ip, signal) {
      const query = new URLSearchParams({ ipAddress: ip, maxAgeInDays: String(maxAgeInDays) });
      const answer = await get(`/check?${query.toString()}`, signal);
      if (answer.status !== 200) {
        throw errorOf(answer, now());
      }
      const checked = readAnswer(service, CheckAnswer, answer.text);
      requireAbout(service, ip, checked.data.ipAddress);
      return evidenceOf(checked, ip);
    },
  };
}

function errorOf(answer: HttpAnswer, now: Date): AppError {
  const { status } = answer;
  if (status === 401) {
    return refusedKey(service, status);
  }
  if (status === 429) {
    return quotaExhausted(service, retryAfterMsOf(answer, now) ?? quotaWaitMs);
  }
  if (status >= 500) {
    return unavailable(service, `can't answer now (HTTP ${status})`);
  }
  return status >= 400
    ? rejected(service, status)
    : answerInvalid(service, `has an unexpected status (HTTP ${status})`);
}
