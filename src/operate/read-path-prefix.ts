import type { Request } from "express";
import { type IpPrefix, parseIpAddress, parseIpPrefix, prefixOf } from "../domain/ip-address.ts";

/** The network that a path `…/:ip{/:length}` names, or undefined when it names none. */
export function readPathPrefix({ params }: Pick<Request, "params">): IpPrefix | undefined {
  const { ip, length } = params;
  if (typeof length === "string") {
    return parseIpPrefix(`${String(ip)}/${length}`);
  }
  const address = parseIpAddress(String(ip));
  return address === undefined ? undefined : prefixOf(address);
}
