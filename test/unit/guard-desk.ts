import { cloudflareRanges } from "../../src/decide/vendored/cloudflare.ts";
import { fastlyRanges } from "../../src/decide/vendored/fastly.ts";
import {
  documentationNetworks,
  publicResolvers,
  specialNetworks,
  unassignedNetworks,
} from "../../src/decide/special-networks.ts";
import { createGuard, type Guard } from "../../src/guard.ts";
import { allowEntry } from "../fakes/allow-entry.ts";
import { ip, prefix, sampleFirewall, t0 } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";

const addressesOf: Readonly<Record<string, readonly string[]>> = {
  "splunk.example": ["45.10.22.8", "2a0e:1:22::8"],
  "mail.example": ["45.10.23.9"],
};

/** A guard over a machine, its surroundings, two CDNs and a few entries of the allow-list: none in the range of another. */
export async function refreshedGuard(): Promise<Guard> {
  const guard = createGuard({
    config: {
      allowlist: [allowEntry("45.11.0.0/16"), allowEntry("45.13.0.7")],
      allowDocumentationAddresses: false,
      protection: { crawlers: [], cdns: ["cloudflare", "fastly"], refreshCdns: true },
    },
    store: {
      firewalls: () =>
        Promise.resolve([
          sampleFirewall("edge-1", {
            ownAddresses: ["45.10.21.1", "45.10.21.7", "2a0e:1:21::1"].map(ip),
          }),
        ]),
      allowEntries: () => Promise.resolve([allowEntry("2a0e:5::/32"), allowEntry("45.14.3.0/28")]),
      prefixLists: () => Promise.resolve([]),
      liftProtected: () => Promise.resolve([]),
    },
    surroundings: {
      interfaces: () => ["45.10.20.2", "fe80::2%eth0"],
      resolvers: () => ["45.10.24.53"],
      gateways: () => ["45.10.20.1"],
      hosts: [
        { host: "splunk.example", why: "Splunk" },
        { host: "mail.example", why: "the mail server" },
      ],
      networks: [{ prefix: prefix("45.12.0.0/24"), why: "a trusted proxy" }],
      lookUp: (host) => Promise.resolve(addressesOf[host] ?? []),
      reverse: () => Promise.resolve([]),
    },
    now: () => t0,
    log: silentLog,
  });
  await guard.refresh();
  return guard;
}

/** All that this guard must protect, as text. */
export const ourNetworks: readonly string[] = [
  ...[specialNetworks, documentationNetworks, unassignedNetworks, publicResolvers].flatMap((networks) =>
    networks.map(([network]) => network),
  ),
  ...cloudflareRanges.networks,
  ...fastlyRanges.networks,
  ...Object.values(addressesOf).flat(),
  "45.10.20.1",
  "45.10.20.2",
  "45.10.21.1",
  "45.10.21.7",
  "45.10.24.53",
  "2a0e:1:21::1",
  "45.12.0.0/24",
  "45.11.0.0/16",
  "45.13.0.7",
  "45.14.3.0/28",
  "2a0e:5::/32",
];
