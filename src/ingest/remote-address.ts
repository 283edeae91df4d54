import type { Request } from "express";
import { ipKeyGenerator } from "express-rate-limit";

/** The sender's address without the `::ffff:` of a dual-stack socket. @param behindProxy `X-Forwarded-For` of a trusted proxy counts */
export function remoteAddressOf(request: Request, behindProxy: boolean): string {
  const address = (behindProxy ? request.ip : request.socket.remoteAddress) ?? "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/** Who counts as one sender: an IPv4 address, or a /64, because who has one IPv6 address usually has the /64 around it. */
export function senderKeyOf(address: string): string {
  return address.includes(":") ? ipKeyGenerator(address, 64) : address;
}
