import type { ProviderConfig } from "../../config/config.ts";
import { networkOf } from "../../domain/ip-address.ts";
import { knownProviders } from "../../domain/provider-terms.ts";
import type { IntelProvider, NetworkLookUp } from "../../ports.ts";
import { createHttpGet, type HttpAnswer, keyHeader } from "../http-client.ts";
import { keyIdOf } from "../key-id.ts";
import { quotaWindows } from "../quota-windows.ts";
import { readAnswer, requireAbout } from "../read-answer.ts";
import { CheckAnswer, evidenceOf } from "./check-answer.ts";
import { CheckBlockAnswer, evidencesOf } from "./check-block-answer.ts";
import { errorOf, service } from "./error-of.ts";
import { rateLimitOf } from "./rate-limit.ts";

const maxBytes = 1024 * 1024;

/** Reports older than this do not count. */
const maxAgeInDays = 90;

/** The free plan looks no further back in a whole network. */
const maxNetworkAgeInDays = 30;

/** Of the free plan. Headers of the first answer tell what it really is. */
const checksPerDay = 1000;
const networkChecksPerDay = 100;

type Ask = (
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<HttpAnswer>;

/**
 * AbuseIPDB API v2. An address that nobody reported is unknown.
 * Source: docs.abuseipdb.com, "CHECK Endpoint", "CHECK-BLOCK Endpoint", "Errors", "Rate limits".
 */
export function createAbuseIpdb(
  config: ProviderConfig,
  { now = () => new Date() }: { readonly now?: () => Date } = {},
): IntelProvider {
  const { name, title, terms } = knownProviders.abuseipdb;
  const headers = keyHeader("Key", config.apiKey);
  const get = createHttpGet({ service, baseUrl: config.url, headers, maxBytes });
  const ask: Ask = async (path, query, signal) => {
    const answer = await get(`${path}?${new URLSearchParams(query).toString()}`, signal);
    if (answer.status !== 200) {
      throw errorOf(answer, now());
    }
    return answer;
  };
  return {
    name,
    title,
    terms,
    keyId: keyIdOf(name, config.apiKey),
    quota: quotaWindows({ day: checksPerDay }, config.quota),
    isOptional: false,
    async lookUp(ip, signal) {
      const answer = await ask("/check", { ipAddress: ip, maxAgeInDays: String(maxAgeInDays) }, signal);
      const checked = readAnswer(service, CheckAnswer, answer.text);
      requireAbout(service, ip, checked.data.ipAddress);
      return { value: evidenceOf(checked, ip), quota: rateLimitOf(answer, config.quota) };
    },
    network: networkLookUp(ask),
  };
}

/** `/check-block`: its budget is its own, and what the settings say about the other does not count for it. */
function networkLookUp(ask: Ask): NetworkLookUp {
  return {
    terms: { numbers: ["score", "reports"], times: ["reported"] },
    quota: quotaWindows({ day: networkChecksPerDay }, {}),
    async lookUp(network, signal) {
      const query = { network, maxAgeInDays: String(maxNetworkAgeInDays) };
      const answer = await ask("/check-block", query, signal);
      const checked = readAnswer(service, CheckBlockAnswer, answer.text);
      requireAbout(service, networkOf(network), checked.data.networkAddress);
      return { value: evidencesOf(checked, network), quota: rateLimitOf(answer, {}) };
    },
  };
}
