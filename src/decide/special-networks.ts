/** A network as text, and what it is. */
export type SpecialNetwork = readonly [network: string, what: string];

/**
 * Networks whose addresses are nobody's on the internet: an alert that names one names a mistake, or a machine of our own.
 * Source: IANA IPv4 and IPv6 Special-Purpose Address Registries.
 */
export const specialNetworks: readonly SpecialNetwork[] = [
  ["0.0.0.0/8", "this network (RFC 791)"],
  ["10.0.0.0/8", "private (RFC 1918)"],
  ["100.64.0.0/10", "shared by carrier NAT (RFC 6598)"],
  ["127.0.0.0/8", "loopback (RFC 1122)"],
  ["169.254.0.0/16", "link-local (RFC 3927)"],
  ["172.16.0.0/12", "private (RFC 1918)"],
  ["192.0.0.0/24", "protocol assignments (RFC 6890)"],
  ["192.88.99.0/24", "former 6to4 relays (RFC 7526)"],
  ["192.168.0.0/16", "private (RFC 1918)"],
  ["198.18.0.0/15", "benchmarking (RFC 2544)"],
  ["224.0.0.0/4", "multicast (RFC 5771)"],
  ["240.0.0.0/4", "reserved (RFC 1112)"],
  ["::/128", "unspecified (RFC 4291)"],
  ["::1/128", "loopback (RFC 4291)"],
  ["64:ff9b::/96", "NAT64 (RFC 6052)"],
  ["64:ff9b:1::/48", "local NAT64 (RFC 8215)"],
  ["100::/64", "discard-only (RFC 6666)"],
  ["2001::/23", "protocol assignments, Teredo among them (RFC 2928, RFC 4380)"],
  ["fc00::/7", "private (RFC 4193)"],
  ["fe80::/10", "link-local (RFC 4291)"],
  ["ff00::/8", "multicast (RFC 4291)"],
];

/** Source: RFC 5737, RFC 3849, RFC 9637. */
export const documentationNetworks: readonly SpecialNetwork[] = [
  ["192.0.2.0/24", "documentation (RFC 5737)"],
  ["198.51.100.0/24", "documentation (RFC 5737)"],
  ["203.0.113.0/24", "documentation (RFC 5737)"],
  ["2001:db8::/32", "documentation (RFC 3849)"],
  ["3fff::/20", "documentation (RFC 9637)"],
];

/** Everything but 2000::/3, from which alone public IPv6 addresses are given out. Source: RFC 4291, IANA. */
export const unassignedNetworks: readonly SpecialNetwork[] = [
  ["::/3", "not public"],
  ["4000::/2", "not public"],
  ["8000::/1", "not public"],
];

/**
 * Name servers that half the world asks: a forged source address must not make us cut ourselves off from them.
 * Source: the operators' own documentation.
 */
export const publicResolvers: readonly SpecialNetwork[] = [
  ...resolversOf(
    "Cloudflare",
    `1.1.1.1 1.1.1.2 1.1.1.3 1.0.0.1 1.0.0.2 1.0.0.3
     2606:4700:4700::1111 2606:4700:4700::1112 2606:4700:4700::1113
     2606:4700:4700::1001 2606:4700:4700::1002 2606:4700:4700::1003`,
  ),
  ...resolversOf("Google", "8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844"),
  ...resolversOf(
    "Quad9",
    `9.9.9.9 9.9.9.10 9.9.9.11 149.112.112.112 149.112.112.10 149.112.112.11
     2620:fe::fe 2620:fe::9 2620:fe::10 2620:fe::fe:10 2620:fe::11 2620:fe::fe:11`,
  ),
  ...resolversOf(
    "OpenDNS",
    `208.67.222.222 208.67.220.220 208.67.222.220 208.67.220.222
     2620:119:35::35 2620:119:53::53`,
  ),
];

function resolversOf(operator: string, addresses: string): readonly SpecialNetwork[] {
  return addresses.split(/\s+/).map((address) => [address, `a public name server of ${operator}`] as const);
}
