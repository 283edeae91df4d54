import { type IpPrefix, parseIpPrefix } from "../domain/ip-address.ts";
import { wrongArgument } from "./wrong-argument.ts";

/** An address or network that was typed. @throws {AppError} CONFIG_INVALID */
export function readNetwork(text: string): IpPrefix {
  const prefix = parseIpPrefix(text);
  if (prefix === undefined) {
    throw wrongArgument(
      "that is not an IP address or a network: expected one like 203.0.113.5, 203.0.113.0/24 or 2001:db8::5",
    );
  }
  return prefix;
}
