import { z } from "zod";
import type { ProviderConfig } from "../../config/config.ts";
import type { AppError } from "../../domain/errors.ts";
import type { IntelProvider } from "../../ports.ts";
import { createHttpGet, type HttpAnswer } from "../http-client.ts";
import { answerInvalid, quotaExhausted, refusedKey, rejected, unavailable } from "../provider-errors.ts";
import { parseJson, readAnswer, requireAbout } from "../read-answer.ts";
import { retryAfterMsOf } from "../retry-after.ts";
import { evidenceOf, IpReport } from "./ip-report.ts";

const service = "VirusTotal";
const maxBytes = 4 * 1024 * 1024;

/** A public key has four look-ups a minute; the answer usually does not say when the next is allowed. */
const quotaWaitMs = 60_000;

const ErrorBody = z.object({ error: z.object({ code: z.string() }) });

type Meaning = "unknown" | "key" | "quota" | "transient" | "rejected" | "invalid";

// NotAvailableYet comes with status 400, which alone would mean a wrong question.
const meaningOfCode: ReadonlyMap<string, Meaning> = new Map([
  ["NotFoundError", "unknown"],
  ["AuthenticationRequiredError", "key"],
  ["WrongCredentialsError", "key"],
  ["UserNotActiveError", "key"],
  ["ForbiddenError", "key"],
  ["QuotaExceededError", "quota"],
  ["TooManyRequestsError", "quota"],
  ["NotAvailableYet", "transient"],
  ["FailedDependencyError", "transient"],
  ["TransientError", "transient"],
  ["DeadlineExceededError", "transient"],
]);

/**
 * VirusTotal API v3. An address it never saw, or that no engine was asked about, is unknown.
 * Errors are told apart by the code in the body, then by the HTTP status.
 * Source: docs.virustotal.com, "IP addresses", "Errors", "Public vs Premium API".
 */
export function createVirusTotal(
  config: ProviderConfig,
  { now = () => new Date() }: { readonly now?: () => Date } = {},
): IntelProvider {
  const get = createHttpGet({
    service,
    baseUrl: config.url,
    headers: { "x-apikey": config.apiKey },
    maxBytes,
  });
  return {
    name: "virustotal",
    numbers: ["malicious", "suspicious", "harmless", "undetected", "reputation"],
    async lookUp(ip, signal) {
      const answer = await get(`/ip_addresses/${encodeURIComponent(ip)}`, signal);
      if (answer.status === 200) {
        const report = readAnswer(service, IpReport, answer.text);
        requireAbout(service, ip, report.data.id);
        return evidenceOf(report, ip);
      }
      const meaning = meaningOf(answer);
      if (meaning === "unknown") {
        return undefined;
      }
      throw errorOf[meaning](answer, now());
    },
  };
}

function meaningOf({ status, text }: HttpAnswer): Meaning {
  const body = ErrorBody.safeParse(parseJson(text));
  const byCode = body.success ? meaningOfCode.get(body.data.error.code) : undefined;
  if (byCode !== undefined) {
    return byCode;
  }
  if (status === 401 || status === 403) {
    return "key";
  }
  if (status === 429) {
    return "quota";
  }
  if (status >= 500) {
    return "transient";
  }
  // Without VirusTotal's own code a 404 comes from somebody else, e.g. because VIRUSTOTAL_URL is wrong.
  return status >= 400 && status !== 404 ? "rejected" : "invalid";
}

const errorOf: Readonly<Record<Exclude<Meaning, "unknown">, (answer: HttpAnswer, now: Date) => AppError>> = {
  key: ({ status }) => refusedKey(service, status),
  quota: (answer, now) => quotaExhausted(service, retryAfterMsOf(answer, now) ?? quotaWaitMs),
  transient: ({ status }) => unavailable(service, `can't answer now (HTTP ${status})`),
  rejected: ({ status }) => rejected(service, status),
  invalid: ({ status }) => answerInvalid(service, `has an unexpected status (HTTP ${status})`),
};
