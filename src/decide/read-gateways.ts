import { endianness } from "node:os";
import { type IpAddress, parseIpAddress } from "../domain/ip-address.ts";
import { hasCode } from "./has-code.ts";

const ipv4Routes = "/proc/net/route";
const ipv6Routes = "/proc/net/ipv6_route";

/** A route leads over another machine. Source: Linux `include/uapi/linux/route.h`, RTF_GATEWAY. */
const isGateway = 0x2;

/**
 * The machines over which this one reaches others, its default gateway among them, as the Linux kernel lists them.
 * Elsewhere nothing is known.
 * @param readText the text of a file; throws when there is none
 */
export function readGateways(
  readText: (path: string) => string,
  byteOrder: "LE" | "BE" = endianness(),
): readonly IpAddress[] {
  const found = [
    ...rowsOf(readText, ipv4Routes).map((columns) => ipv4Gateway(columns, byteOrder)),
    ...rowsOf(readText, ipv6Routes).map(ipv6Gateway),
  ];
  return [...new Set(found)].flatMap((gateway) => gateway ?? []);
}

function rowsOf(readText: (path: string) => string, path: string): readonly (readonly string[])[] {
  try {
    return readText(path)
      .split("\n")
      .map((line) => line.trim().split(/\s+/));
  } catch (error) {
    if (hasCode(error, ["ENOENT", "EACCES"])) {
      return []; // no Linux, no IPv6, or not ours to read
    }
    throw error;
  }
}

/** Columns: interface, destination, gateway, flags, …; an address is eight hex digits, printed as one number of this machine. */
function ipv4Gateway(columns: readonly string[], byteOrder: "LE" | "BE"): IpAddress | undefined {
  const [, , gateway = "", flags = ""] = columns;
  if (!/^[0-9a-f]{8}$/i.test(gateway) || !leadsOverGateway(flags)) {
    return undefined;
  }
  const octets = (gateway.match(/../g) ?? []).map((hex) => Number.parseInt(hex, 16));
  return parseIpAddress((byteOrder === "LE" ? octets.toReversed() : octets).join("."));
}

/** Columns: destination, length, source, length, next hop, metric, references, uses, flags, interface; an address is 32 hex digits. */
function ipv6Gateway(columns: readonly string[]): IpAddress | undefined {
  const [, , , , nextHop = "", , , , flags = ""] = columns;
  return /^[0-9a-f]{32}$/i.test(nextHop) && leadsOverGateway(flags)
    ? parseIpAddress((nextHop.match(/.{4}/g) ?? []).join(":"))
    : undefined;
}

function leadsOverGateway(flags: string): boolean {
  return /^[0-9a-f]+$/i.test(flags) && (Number.parseInt(flags, 16) & isGateway) !== 0;
}
