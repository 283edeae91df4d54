import type { StandIn } from "./intel-stand-in.ts";
import { startStandIn } from "./intel-stand-in.ts";
import { listFailures, tagged } from "./spamhaus.ts";

/** Networks of one CDN; may be changed while it runs. */
export interface CdnNetworks {
  ipv4: readonly string[];
  ipv6: readonly string[];
}

/**
 * Stands in for the lists of networks of Cloudflare (`/client/v4/ips`) and Fastly (`/public-ip-list`).
 * Source: developers.cloudflare.com, "Cloudflare IPs"; www.fastly.com/documentation, "Public IP list".
 */
export function startCdn(cloudflare: CdnNetworks, fastly: CdnNetworks = cloudflare): Promise<StandIn> {
  return startStandIn({
    basePath: "",
    answer(request, url) {
      switch (url.pathname) {
        case "/client/v4/ips":
          return tagged(request, JSON.stringify(cloudflareDocument(cloudflare)));
        case "/public-ip-list":
          return tagged(request, JSON.stringify({ addresses: fastly.ipv4, ipv6_addresses: fastly.ipv6 }));
        default:
          return { status: 404, body: { success: false } };
      }
    },
    ...listFailures,
  });
}

function cloudflareDocument({ ipv4, ipv6 }: CdnNetworks): unknown {
  return {
    result: { ipv4_cidrs: ipv4, ipv6_cidrs: ipv6, etag: "38f79d050aa027e3be3865e495dcc9bc" },
    success: true,
    errors: [],
    messages: [],
  };
}
