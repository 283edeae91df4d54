import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { parseIpAddress } from "../domain/ip-address.ts";
import { createHttpGet, type HttpAnswer, type HttpClientOptions } from "./http-client.ts";
import { answerInvalid } from "./provider-errors.ts";

export interface ListClientOptions extends Omit<HttpClientOptions, "headers"> {
  /** Whether another host may be asked because the list's own one says so. Default: `isPublicHttps`. */
  readonly mayFollowTo?: (url: URL) => Promise<boolean>;
}

/** Asks for a path, unless it is still the version with this `etag`: then the status is 304. */
export type ListGet = (path: string, etag: string | null, signal: AbortSignal) => Promise<HttpAnswer>;

const mostRedirects = 3;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Lists are large, and nobody waits for them. */
const defaultTimeoutMs = 60_000;

/**
 * Asks a service that needs no key. Follows up to three redirects, within the same origin or to public hosts by HTTPS: a list must not
 * lead us into the own network.
 * Throws as `createHttpGet` does, and PROVIDER_ANSWER_INVALID for a redirect that is not followed.
 */
export function createListGet(options: ListClientOptions): ListGet {
  const { service, baseUrl, mayFollowTo = isPublicHttps } = options;
  const get = createHttpGet({ timeoutMs: defaultTimeoutMs, ...options, headers: {} });
  return async (path, etag, signal) => {
    const headers = etag === null ? {} : { "If-None-Match": etag };
    let url = new URL(`${baseUrl}${path}`);
    for (let followed = 0; followed <= mostRedirects; followed += 1) {
      const answer = await get(url.href, signal, headers);
      if (!redirects.has(answer.status)) {
        return answer;
      }
      const next = placeOf(answer, url);
      const isAllowed =
        next !== null && (next.origin === new URL(baseUrl).origin || (await mayFollowTo(next)));
      if (!isAllowed) {
        throw answerInvalid(service, `redirects to a place that is not followed (HTTP ${answer.status})`);
      }
      url = next;
    }
    throw answerInvalid(service, `redirects more than ${mostRedirects} times`);
  };
}

function placeOf({ headers }: HttpAnswer, from: URL): URL | null {
  const { location } = headers;
  return typeof location === "string" ? URL.parse(location, from.href) : null;
}

/** True for an address by HTTPS, without a password in it, whose host is not in a private network. */
export async function isPublicHttps(url: URL): Promise<boolean> {
  if (url.protocol !== "https:" || url.username !== "" || url.password !== "") {
    return false;
  }
  const host = url.hostname.replaceAll(/^\[|\]$/g, "");
  if (parseIpAddress(host) !== undefined) {
    return isPublic(host);
  }
  // Where only the proxy knows names there is no way to a private network either, but through the proxy.
  const addresses = await lookup(host, { all: true }).catch(() => []);
  return addresses.every(({ address }) => isPublic(address));
}

function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}
