import type { ProviderConfig } from "../../config/config.ts";
import { knownProviders } from "../../domain/provider-terms.ts";
import type { IntelProvider, QuotaWindow } from "../../ports.ts";
import { createHttpGet, type HttpGet, keyHeader } from "../http-client.ts";
import { keyIdOf } from "../key-id.ts";
import { quotaWindows } from "../quota-windows.ts";
import { readAnswer, requireAbout } from "../read-answer.ts";
import { errorOf, quotaErrorOf, service } from "./error-of.ts";
import { evidenceOf, IpReport } from "./ip-report.ts";
import { OverallQuotas, windowsOf } from "./overall-quotas.ts";

const maxBytes = 4 * 1024 * 1024;

/** Of a public key. */
const publicQuota = { minute: 4, day: 500, month: 15_500 };

/** Days end at midnight UTC, months on their last day. Source: docs.virustotal.com, "Public vs Premium API". */
function onCalendar(window: QuotaWindow): QuotaWindow {
  return window.name === "day" || window.name === "month" ? { ...window, isCalendar: true } : window;
}

/**
 * VirusTotal API v3. An address it never saw, or that no engine was asked about, is unknown. No answer tells what is left of the
 * quota; `readQuota` asks for it.
 * Source: docs.virustotal.com, "IP addresses", "Errors", "Public vs Premium API", "Consumption quotas".
 */
export function createVirusTotal(
  config: ProviderConfig,
  { now = () => new Date() }: { readonly now?: () => Date } = {},
): IntelProvider {
  const { apiKey } = config;
  const { name, title, terms } = knownProviders.virustotal;
  const get = createHttpGet({
    service,
    baseUrl: config.url,
    headers: keyHeader("x-apikey", apiKey),
    maxBytes,
  });
  return {
    name,
    title,
    terms,
    keyId: keyIdOf(name, apiKey),
    quota: quotaWindows(publicQuota, config.quota).map(onCalendar),
    isOptional: false,
    async lookUp(ip, signal) {
      const answer = await get(`/ip_addresses/${encodeURIComponent(ip)}`, signal);
      if (answer.status === 200) {
        const report = readAnswer(service, IpReport, answer.text);
        requireAbout(service, ip, report.data.id);
        return { value: evidenceOf(report, ip), quota: [] };
      }
      const error = errorOf(answer, now());
      if (error !== null) {
        throw error;
      }
      return { value: undefined, quota: [] };
    },
    ...(apiKey === null ? {} : { readQuota: (signal) => readQuota(get, { ...config, apiKey }, now, signal) }),
  };
}

async function readQuota(
  get: HttpGet,
  { apiKey, quota }: ProviderConfig & { readonly apiKey: string },
  now: () => Date,
  signal: AbortSignal,
): ReturnType<NonNullable<IntelProvider["readQuota"]>> {
  const answer = await get(`/users/${encodeURIComponent(apiKey)}/overall_quotas`, signal);
  if (answer.status !== 200) {
    throw quotaErrorOf(answer, now());
  }
  return windowsOf(readAnswer(service, OverallQuotas, answer.text), quota, now());
}
