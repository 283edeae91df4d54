import { type IpPrefix, parseIpAddress, parseIpPrefix, prefixOf } from "../domain/ip-address.ts";

/** The network that a path `…/{ip}` or `…/{ip}/{length}` names, or undefined when it names none. */
export function readPathPrefix({ ip, length }: Readonly<Record<string, string>>): IpPrefix | undefined {
  if (length !== undefined) {
    return parseIpPrefix(`${ip ?? ""}/${length}`);
  }
  const address = parseIpAddress(ip ?? "");
  return address === undefined ? undefined : prefixOf(address);
}
