import type { AllowEntry } from "../domain/allow-entry.ts";
import {
  familyOf,
  type IpAddress,
  type IpPrefix,
  lengthOf,
  networkOf,
  parseIpPrefix,
} from "../domain/ip-address.ts";
import {
  type AddressRange,
  createNetworkIndex,
  isPrefix,
  type NamedNetwork,
  type NetworkIndex,
  rangeOf,
} from "../domain/network-index.ts";
import {
  documentationNetworks,
  publicResolvers,
  type SpecialNetwork,
  specialNetworks,
  unassignedNetworks,
} from "./special-networks.ts";
import { createUnexpiredEntries } from "./unexpired-entries.ts";

/** The three lists are asked for at each check, and indexed again only when they are another array. */
export interface ProtectionOptions {
  /** What people want never to be blocked. */
  readonly allowlist: () => readonly AllowEntry[];
  /** Networks through which our own visitors come. */
  readonly cdns: () => readonly NamedNetwork[];
  /** Portcullis itself and everybody it depends on. */
  readonly own: () => readonly NamedNetwork[];
  /** Lets the addresses of RFC 5737, RFC 3849 and RFC 9637 be blocked: tests and the demo. */
  readonly allowDocumentationAddresses: boolean;
  /** Entries of the allow-list expire by it. */
  readonly now: () => Date;
}

/** Why the network or address may never be blocked, in words, or null. */
export type Protection = (prefix: IpPrefix | IpAddress) => string | null;

const shortestLength = { 4: 24, 6: 48 } as const;

/**
 * What no path may ever block: everything that is not a public address, the allow-list, ourselves and those we depend on,
 * the CDNs in front of us, the big public name servers, and any network wider than /24 (IPv4) or /48 (IPv6).
 * A network is protected as soon as it shares one address with a protected one; a 6to4 network when the IPv4 address in it is.
 */
export function createProtection(options: ProtectionOptions): Protection {
  const { allowlist, cdns, own, allowDocumentationAddresses, now } = options;
  const indexes: readonly NetworkIndex[] = [
    createNetworkIndex(named(specialNetworks)),
    createNetworkIndex(allowDocumentationAddresses ? [] : named(documentationNetworks)),
    createNetworkIndex(named(unassignedNetworks)),
    follow(createUnexpiredEntries(allowlist, now), asNamed),
    createNetworkIndex(named(publicResolvers)),
    follow(own, (network) => network),
    follow(cdns, (network) => network),
  ];

  const reasonOf = (range: AddressRange): string | null => {
    for (const find of indexes) {
      const found = find(range);
      if (found !== undefined) {
        return `${withoutSingleLength(found.prefix)} is ${found.why}`;
      }
    }
    return null;
  };

  return (prefix) => {
    if (isTooWide(prefix)) {
      return `${prefix} is wider than /${shortestLength[familyOf(prefix)]}`;
    }
    const range = rangeOf(prefix);
    const reason = reasonOf(range);
    if (reason !== null) {
      return reason;
    }
    const embedded = embeddedIpv4(range);
    const embeddedReason = embedded === undefined ? null : reasonOf(embedded);
    return embeddedReason === null ? null : `${prefix} is 6to4 (RFC 3056), and ${embeddedReason}`;
  };
}

function named(networks: readonly SpecialNetwork[]): readonly NamedNetwork[] {
  return networks.map(([network, why]) => {
    const prefix = parseIpPrefix(network);
    if (prefix === undefined) {
      throw new TypeError(`not a network: ${network}`);
    }
    return { prefix, why };
  });
}

/** `203.0.113.0/24 is on the allow-list (red team: our scanner)` */
function asNamed({ prefix, reason, owner }: AllowEntry): NamedNetwork {
  const words = [owner, reason].filter((text) => text !== "").join(": ");
  return { prefix, why: words === "" ? "on the allow-list" : `on the allow-list (${words})` };
}

/** Follows a list that changes now and then: builds its index again only then. */
function follow<T>(list: () => readonly T[], toNamed: (one: T) => NamedNetwork): NetworkIndex {
  let indexed: readonly T[] = [];
  let index = createNetworkIndex([]);
  return (range) => {
    const current = list();
    if (current !== indexed) {
      index = createNetworkIndex(current.map(toNamed));
      indexed = current;
    }
    return index(range);
  };
}

function isTooWide(prefix: IpPrefix | IpAddress): boolean {
  return isPrefix(prefix) && lengthOf(prefix) < shortestLength[familyOf(prefix)];
}

function withoutSingleLength(prefix: IpPrefix): string {
  const single = familyOf(prefix) === 4 ? 32 : 128;
  return lengthOf(prefix) === single ? networkOf(prefix) : prefix;
}

/** In 2002::/16 the next 32 bits are the IPv4 address of the site behind it; nothing wider than /48 comes here. */
function embeddedIpv4({ family, first }: AddressRange): AddressRange | undefined {
  if (family === 4 || first >> 112n !== 0x2002n) {
    return undefined;
  }
  const address = (first >> 80n) & 0xffff_ffffn;
  return { family: 4, first: address, last: address };
}
