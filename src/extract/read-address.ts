import {
  familyOf,
  type IpAddress,
  lengthOf,
  networkOf,
  parseIpAddress,
  parseIpPrefix,
} from "../domain/ip-address.ts";

/** An IPv6 address with a zone, a port and brackets is far shorter. */
const longestText = 128;

const bracketed = /^\[([^[\]]+)\](?::(\d{1,5}))?$/;
const withPort = /^([\d.]+):(\d{1,5})$/;
// Not `%2f`: an encoded slash is the start of a network's length, not of a zone.
const withZone = /^([^%]+)%(?!2f)[\w.-]{1,32}$/i;

/**
 * The one address that `text` is, in the ways logs write it: `203.0.113.5:443`, `[2001:db8::1]:443`, `fe80::1%eth0`,
 * `203.0.113.5/32`. What could mean something else, like a wider network or a leading zero, gives `undefined`.
 */
export function readAddress(text: string): IpAddress | undefined {
  if (text.length > longestText) {
    return undefined;
  }
  return parseIpAddress(text) ?? readWithPort(text) ?? readWithZone(text) ?? readSingleNetwork(text);
}

function readWithPort(text: string): IpAddress | undefined {
  const [, address, port = "0"] = bracketed.exec(text) ?? withPort.exec(text) ?? [];
  if (address === undefined || Number(port) > 65_535) {
    return undefined;
  }
  return parseIpAddress(address) ?? readWithZone(address);
}

function readWithZone(text: string): IpAddress | undefined {
  const [, address = ""] = withZone.exec(text) ?? [];
  return address.includes(":") ? parseIpAddress(address) : undefined;
}

function readSingleNetwork(text: string): IpAddress | undefined {
  const prefix = text.includes("/") ? parseIpPrefix(text) : undefined;
  const bits = prefix === undefined || familyOf(prefix) === 4 ? 32 : 128;
  return prefix !== undefined && lengthOf(prefix) === bits ? networkOf(prefix) : undefined;
}
