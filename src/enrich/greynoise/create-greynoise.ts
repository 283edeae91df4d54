import type { ProviderConfig } from "../../config/config.ts";
import { familyOf, type IpAddress } from "../../domain/ip-address.ts";
import { knownProviders } from "../../domain/provider-terms.ts";
import type { IntelProvider } from "../../ports.ts";
import { createHttpGet, keyHeader } from "../http-client.ts";
import { keyIdOf } from "../key-id.ts";
import { readAnswer, requireAbout } from "../read-answer.ts";
import { quotaWindows } from "../quota-windows.ts";
import { keyedErrorOf } from "../status-errors.ts";
import { CommunityAnswer, evidenceOf } from "./community-answer.ts";

const service = "GreyNoise";
const maxBytes = 256 * 1024;

/**
 * What the free plan has today, with a key or without. Older texts say 100 a day; of two guesses the lower one is right, because a
 * higher one is only found wrong by calls that are refused.
 */
const freeQuota = { week: 50 };

const covers = (ip: IpAddress): boolean => familyOf(ip) === 4;

/**
 * GreyNoise Community API, with a key or without. It knows IPv4 only; one that it has not observed (a 404) is unknown. Brings mostly
 * hints: services that businesses need, and scanners that do research.
 * Source: docs.greynoise.io, "Community API".
 */
export function createGreyNoise(
  config: ProviderConfig,
  { now = () => new Date() }: { readonly now?: () => Date } = {},
): IntelProvider {
  const { name, title, terms } = knownProviders.greynoise;
  const get = createHttpGet({
    service,
    baseUrl: config.url,
    headers: keyHeader("key", config.apiKey),
    maxBytes,
  });
  return {
    name,
    title,
    terms,
    keyId: keyIdOf(name, config.apiKey),
    quota: quotaWindows(freeQuota, config.quota),
    isOptional: true,
    covers,
    async lookUp(ip, signal) {
      if (!covers(ip)) {
        return { value: undefined, quota: [] };
      }
      const answer = await get(`/v3/community/${encodeURIComponent(ip)}`, signal);
      if (answer.status !== 200 && answer.status !== 404) {
        throw keyedErrorOf(service, answer, now());
      }
      // A 404 in any other words comes from somebody else, e.g. because GREYNOISE_URL is wrong.
      const known = readAnswer(service, CommunityAnswer, answer.text);
      requireAbout(service, ip, known.ip);
      return { value: answer.status === 200 ? evidenceOf(known, ip) : undefined, quota: [] };
    },
  };
}
