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
} from "./network-index.ts";
import {
  documentationNetworks,
  publicResolvers,
  type SpecialNetwork,
  specialNetworks,
  unassignedNetworks,
} from "./special-networks.ts";

export interface ProtectionOptions {
  readonly allowlist: readonly IpPrefix[];
  /** Lets the addresses of RFC 5737, RFC 3849 and RFC 9637 be blocked: tests and the demo. */
  readonly allowDocumentationAddresses: boolean;
  /** Portcullis itself and everybody it depends on. Asked at each check; fastest while it returns the same array. */
  readonly own: () => readonly NamedNetwork[];
}

/** Why the network or address may never be blocked, in words, or null. */
export type Protection = (prefix: IpPrefix | IpAddress) => string | null;

const shortestLength = { 4: 24, 6: 48 } as const;

/**
 * What no path may ever block: everything that is not a public address, the allow-list, ourselves and those we depend on,
 * the big public name servers, and any network wider than /24 (IPv4) or /48 (IPv6).
 * A network is protected as soon as it shares one address with a protected one; a 6to4 network when the IPv4 address in it is.
 */
export function createProtection(options: ProtectionOptions): Protection {
  const { allowlist, allowDocumentationAddresses, own } = options;
  const fixed = [
    named(specialNetworks),
    allowDocumentationAddresses ? [] : named(documentationNetworks),
    named(unassignedNetworks),
    allowlist.map((prefix) => ({ prefix, why: "on the allow-list" })),
    named(publicResolvers),
  ].map(createNetworkIndex);
  const ownIndex = createRefreshedIndex(own);

  const reasonOf = (range: AddressRange): string | null => {
    for (const find of [...fixed, ownIndex]) {
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

/** Follows a list that changes now and then: builds its index again only then. */
function createRefreshedIndex(list: () => readonly NamedNetwork[]): NetworkIndex {
  let indexed: readonly NamedNetwork[] = [];
  let index = createNetworkIndex(indexed);
  return (range) => {
    const current = list();
    if (current !== indexed && !isSameList(current, indexed)) {
      index = createNetworkIndex(current);
    }
    indexed = current;
    return index(range);
  };
}

function isSameList(a: readonly NamedNetwork[], b: readonly NamedNetwork[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ prefix, why }, index) => prefix === b[index]?.prefix && why === b[index].why)
  );
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
