import { BlockList, isIPv6 } from "node:net";
import {
  type IpPrefix,
  lengthOf,
  networkOf,
  parseIpAddress,
  parseIpPrefix,
} from "../../domain/ip-address.ts";
import type { Inspection } from "../iptables-ssh/inspection.ts";

/**
 * One documentation address of each family (RFC 5737, RFC 3849) that neither the host nor its networks and routes use, nor the
 * list of what must never be blocked. A family without a free one is left out.
 */
export function chooseProbeAddresses(
  inspection: Inspection,
  never: readonly IpPrefix[],
): readonly IpPrefix[] {
  const taken = new BlockList();
  for (const prefix of never) {
    take(taken, networkOf(prefix), lengthOf(prefix));
  }
  for (const word of wordsOf(inspection)) {
    const [text = "", length] = word.split("/");
    const address = parseIpAddress(text);
    // The default route covers everything.
    if (address !== undefined && length !== "0") {
      take(taken, address, length === undefined ? undefined : Number(length));
    }
  }
  return [candidates4, candidates6].flatMap((candidates) =>
    candidates.filter((prefix) => !taken.check(networkOf(prefix), familyName(prefix))).slice(0, 1),
  );
}

const candidates4 = ["192.0.2", "198.51.100", "203.0.113"].flatMap((net) =>
  [217, 89, 151, 23].flatMap((last) => parseIpPrefix(`${net}.${last}/32`) ?? []),
);

const candidates6 = ["5eed", "acdc", "77", "f00d"].flatMap(
  (part) => parseIpPrefix(`2001:db8:${part}::d1e/128`) ?? [],
);

function take(taken: BlockList, address: string, length: number | undefined): void {
  const most = isIPv6(address) ? 128 : 32;
  const bits = length ?? most;
  if (Number.isSafeInteger(bits) && bits >= 0 && bits <= most) {
    taken.addSubnet(address, bits, familyName(address));
  }
}

function familyName(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}

function wordsOf(inspection: Inspection): readonly string[] {
  return ["addr", "route"]
    .flatMap((section) => inspection.get(section) ?? [])
    .flatMap((line) => line.split(/\s+/));
}
