import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

declare const ipAddressBrand: unique symbol;
declare const ipPrefixBrand: unique symbol;

/** One IPv4 or IPv6 address in canonical text: no leading zeros, lower-case compressed IPv6, mapped IPv4 unwrapped, no zone. */
export type IpAddress = string & { readonly [ipAddressBrand]: true };

/** A canonical network, always with its length: `203.0.113.5/32`, `2001:db8::/48`. Host bits are zero. */
export type IpPrefix = string & { readonly [ipPrefixBrand]: true };

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;

const ipv4Text = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const singleIpv4Text = new RegExp(`${ipv4Text.source.slice(0, -1)}/32$`);
const ipv6Text = /^[0-9a-f:]{2,39}$|^[0-9a-f:]{2,30}(?:\d{1,3}\.){3}\d{1,3}$/;

/**
 * The address that `text` is, or `undefined` when it is not exactly one.
 * Stricter than the tools on a firewall, which read `010.1.2.3` as 8.1.2.3, `1` as 1.0.0.0 and look host names up.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (ipv4Text.test(text)) {
    return brandAddress(text); // nothing to change: what it lets through has one spelling
  }
  const parsed = parse(text.toLowerCase());
  return parsed === undefined ? undefined : canonical(parsed);
}

/** The network that `text` is (an address alone is its own /32 or /128), or `undefined`. Host bits must be zero. */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  // There may be 100,000 of these, each with one spelling.
  return singleIpv4Text.test(text) ? brandPrefix(text) : parseAnyPrefix(text);
}

function parseAnyPrefix(text: string): IpPrefix | undefined {
  const [address = "", length, ...rest] = text.toLowerCase().split("/");
  const parsed = parse(address);
  if (parsed === undefined || rest.length > 0) {
    return undefined;
  }
  const bits = bitsOf(parsed);
  if (length === undefined) {
    return brandPrefix(`${canonical(parsed)}/${bits}`);
  }
  const isMapped = bits === 32 && address.includes(":");
  if (isMapped || !/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits) {
    return undefined; // the length of a mapped network counts from other bits
  }
  const prefix = brandPrefix(`${canonical(parsed)}/${length}`);
  return hasHostBits(parsed, prefix) ? undefined : prefix;
}

/** The network that holds this address alone. */
export function prefixOf(ip: IpAddress): IpPrefix {
  return brandPrefix(`${ip}/${familyOf(ip) === 4 ? 32 : 128}`);
}

/** The /24 or /64 around an address: what usually belongs to one customer. */
export function neighbourhoodOf(ip: IpAddress): IpPrefix {
  const length = familyOf(ip) === 4 ? 24 : 64;
  const family = length === 24 ? ipaddr.IPv4 : ipaddr.IPv6;
  return brandPrefix(`${family.networkAddressFromCIDR(`${ip}/${length}`).toString()}/${length}`);
}

/** 4 or 6. */
export function familyOf(address: IpAddress | IpPrefix): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

/** The number behind the slash. */
export function lengthOf(prefix: IpPrefix): number {
  return Number(prefix.slice(prefix.indexOf("/") + 1));
}

/** The first address of a network. */
export function networkOf(prefix: IpPrefix): IpAddress {
  return brandAddress(prefix.slice(0, prefix.indexOf("/")));
}

/** True when every address of `inner` is in `outer`. */
export function prefixContains(outer: IpPrefix, inner: IpPrefix | IpAddress): boolean {
  const [innerAddress = "", innerLength] = inner.split("/");
  const address = ipaddr.parse(innerAddress);
  const [range, length] = ipaddr.parseCIDR(outer);
  if (address.kind() !== range.kind() || Number(innerLength ?? bitsOf(address)) < length) {
    return false;
  }
  return address.match(range, length);
}

/** True when the two networks share an address. */
export function prefixesOverlap(a: IpPrefix, b: IpPrefix): boolean {
  return prefixContains(a, b) || prefixContains(b, a);
}

function parse(text: string): Parsed | undefined {
  if (ipv4Text.test(text)) {
    return ipaddr.IPv4.parse(text);
  }
  if (!text.includes(":") || !ipv6Text.test(text) || !isIPv6(text)) {
    return undefined;
  }
  const address = ipaddr.IPv6.parse(withoutDots(text));
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** ipaddr.js reads `::203.0.113.5` as the mapped `::ffff:203.0.113.5`, which is another address. */
function withoutDots(text: string): string {
  if (!text.includes(".")) {
    return text;
  }
  const start = text.lastIndexOf(":") + 1;
  const [a = 0, b = 0, c = 0, d = 0] = text.slice(start).split(".").map(Number);
  return `${text.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function hasHostBits(parsed: Parsed, prefix: IpPrefix): boolean {
  const family = parsed.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return family.networkAddressFromCIDR(prefix).toString() !== parsed.toString();
}

function canonical(parsed: Parsed): IpAddress {
  return brandAddress(parsed.toString());
}

function bitsOf(parsed: Parsed): number {
  return parsed.kind() === "ipv4" ? 32 : 128;
}

function brandAddress(text: string): IpAddress {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place an IpAddress is made, from what the parser printed
  return text as IpAddress;
}

function brandPrefix(text: string): IpPrefix {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place an IpPrefix is made, from checked parts
  return text as IpPrefix;
}
