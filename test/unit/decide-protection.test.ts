import { BlockList } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rangeOf } from "../../src/domain/network-index.ts";
import { createProtection, type Protection, type ProtectionOptions } from "../../src/decide/protection.ts";
import {
  documentationNetworks,
  publicResolvers,
  specialNetworks,
  unassignedNetworks,
} from "../../src/decide/special-networks.ts";
import {
  familyOf,
  type IpAddress,
  type IpPrefix,
  lengthOf,
  networkOf,
  parseIpAddress,
  parseIpPrefix,
  prefixOf,
} from "../../src/domain/ip-address.ts";
import { ipv4Text, ipv6Text } from "../fakes/addresses.ts";
import { allowEntry } from "../fakes/allow-entry.ts";
import { after, ip, prefix, t0 } from "../fakes/samples.ts";

function protection(changes: Partial<ProtectionOptions> = {}): Protection {
  return createProtection({
    allowlist: () => [],
    cdns: () => [],
    own: () => [],
    allowDocumentationAddresses: false,
    now: () => t0,
    ...changes,
  });
}

function protect(text: string, changes: Partial<ProtectionOptions> = {}): string | null {
  return protection(changes)(parseIpAddress(text) ?? prefix(text));
}

describe("an address that is nobody's on the internet", () => {
  test.each([
    ["127.0.0.1", "127.0.0.0/8 is loopback (RFC 1122)"],
    ["10.255.255.255", "10.0.0.0/8 is private (RFC 1918)"],
    ["172.16.0.0", "172.16.0.0/12 is private (RFC 1918)"],
    ["172.31.255.255", "172.16.0.0/12 is private (RFC 1918)"],
    ["192.168.1.1", "192.168.0.0/16 is private (RFC 1918)"],
    ["100.64.0.1", "100.64.0.0/10 is shared by carrier NAT (RFC 6598)"],
    ["169.254.169.254", "169.254.0.0/16 is link-local (RFC 3927)"],
    ["0.0.0.0", "0.0.0.0/8 is this network (RFC 791)"],
    ["192.0.0.8", "192.0.0.0/24 is protocol assignments (RFC 6890)"],
    ["198.19.255.255", "198.18.0.0/15 is benchmarking (RFC 2544)"],
    ["224.0.0.1", "224.0.0.0/4 is multicast (RFC 5771)"],
    ["255.255.255.255", "240.0.0.0/4 is reserved (RFC 1112)"],
    ["203.0.113.45", "203.0.113.0/24 is documentation (RFC 5737)"],
    ["::", ":: is unspecified (RFC 4291)"],
    ["::1", "::1 is loopback (RFC 4291)"],
    ["::10.0.0.1", "::/3 is not public"],
    ["::ffff:10.0.0.1", "10.0.0.0/8 is private (RFC 1918)"],
    ["64:ff9b::8.8.8.8", "64:ff9b::/96 is NAT64 (RFC 6052)"],
    ["fd12:3456::1", "fc00::/7 is private (RFC 4193)"],
    ["fe80::1", "fe80::/10 is link-local (RFC 4291)"],
    ["ff02::1", "ff00::/8 is multicast (RFC 4291)"],
    ["2001:db8::1", "2001:db8::/32 is documentation (RFC 3849)"],
    ["3fff:fff::1", "3fff::/20 is documentation (RFC 9637)"],
    ["2001::1", "2001::/23 is protocol assignments, Teredo among them (RFC 2928, RFC 4380)"],
    ["2002:a01:203::1", "2002:a01:203::1 is 6to4 (RFC 3056), and 10.0.0.0/8 is private (RFC 1918)"],
    ["2002:7f00:1::/48", "2002:7f00:1::/48 is 6to4 (RFC 3056), and 127.0.0.0/8 is loopback (RFC 1122)"],
    ["4000::1", "4000::/2 is not public"],
  ])("%s is protected: %s", (text, reason) => {
    expect(protect(text)).toBe(reason);
  });

  test.each([
    "1.2.3.4",
    "9.255.255.255",
    "11.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "192.0.1.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "203.0.112.255",
    "203.0.114.0",
    "2000::1",
    "2001:200::1",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "3fff:1000::1",
    "2002:102:304::1",
    "2606:4700::1",
  ])("%s is not", (text) => {
    expect(protect(text)).toBeNull();
  });

  test("documentation addresses can be let through, and no others", () => {
    const changes = { allowDocumentationAddresses: true };

    expect(protect("203.0.113.45", changes)).toBeNull();
    expect(protect("2001:db8::1", changes)).toBeNull();
    expect(protect("2002:cb00:712d::1", changes)).toBeNull();
    expect(protect("10.0.0.1", changes)).not.toBeNull();
  });
});

describe("a network", () => {
  test.each([
    ["1.2.3.0/24", null],
    ["1.2.2.0/23", "1.2.2.0/23 is wider than /24"],
    ["0.0.0.0/0", "0.0.0.0/0 is wider than /24"],
    ["2a00:1:2::/48", null],
    ["2a00:1:2::/47", "2a00:1:2::/47 is wider than /48"],
    ["::/0", "::/0 is wider than /48"],
    ["8.8.8.0/24", "8.8.8.8 is a public name server of Google"],
    ["8.8.8.0/29", null],
    ["2620:fe::/120", "2620:fe::fe is a public name server of Quad9"],
  ])("%s: %s", (text, reason) => {
    expect(protect(text)).toBe(reason);
  });
});

describe("the allow-list", () => {
  test.each([
    ["9.1.2.3", "9.1.0.0/16 is on the allow-list (red team: our scanner)"],
    ["9.2.0.0/24", "9.2.0.77 is on the allow-list (our scanner)"],
    ["9.2.0.76", null],
    ["9.3.0.1", "9.3.0.0/24 is on the allow-list (red team)"],
    ["2a00:5::1", "2a00:5::/32 is on the allow-list"],
    [
      "2002:901:203::1",
      "2002:901:203::1 is 6to4 (RFC 3056), and 9.1.0.0/16 is on the allow-list (red team: our scanner)",
    ],
  ])("%s: %s", (text, reason) => {
    const entries = [
      allowEntry("9.1.0.0/16", { owner: "red team", reason: "our scanner" }),
      allowEntry("9.2.0.77", { owner: "", reason: "our scanner" }),
      allowEntry("9.3.0.0/24", { owner: "red team", reason: "" }),
      allowEntry("2a00:5::/32", { owner: "", reason: "" }),
    ];

    expect(protect(text, { allowlist: () => entries })).toBe(reason);
  });

  test("protects until an entry's end, and a wide one that has ended hides no other", () => {
    let now = t0;
    const entries = [
      allowEntry("9.1.0.0/16", { expiresAt: after(60) }),
      allowEntry("9.1.2.0/24", { expiresAt: after(120) }),
    ];
    const reasonOf = protection({ allowlist: () => entries, now: () => now });

    now = after(59);
    expect([reasonOf(ip("9.1.2.3")), reasonOf(ip("9.1.3.3"))]).not.toContain(null);
    now = after(60);
    expect(reasonOf(ip("9.1.2.3"))).toContain("9.1.2.0/24");
    expect(reasonOf(ip("9.1.3.3"))).toBeNull();
    now = after(120);
    expect(reasonOf(ip("9.1.2.3"))).toBeNull();
    now = after(10); // the clock was put right
    expect(reasonOf(ip("9.1.3.3"))).not.toBeNull();
  });

  test("may change at any time", () => {
    let entries = [allowEntry("9.1.0.0/16")];
    const reasonOf = protection({ allowlist: () => entries });
    expect(reasonOf(ip("9.1.2.3"))).not.toBeNull();

    entries = [allowEntry("9.2.0.0/16")];

    expect(reasonOf(ip("9.1.2.3"))).toBeNull();
    expect(reasonOf(ip("9.2.2.3"))).not.toBeNull();
  });
});

describe("a CDN in front of us", () => {
  test("is protected with all its addresses", () => {
    const cdns = [
      {
        prefix: prefix("104.16.0.0/13"),
        why: "an address range of Cloudflare, behind which you said you are",
      },
    ];

    expect(protect("104.23.255.255", { cdns: () => cdns })).toBe(
      "104.16.0.0/13 is an address range of Cloudflare, behind which you said you are",
    );
    expect(protect("104.24.0.0", { cdns: () => cdns })).toBeNull();
  });
});

describe("what is our own", () => {
  test("is protected as soon as the list says so, and no longer than that", () => {
    let own = [{ prefix: prefix("9.9.9.1/32"), why: "the gateway of firewall edge-1" }];
    const reasonOf = protection({ own: () => own });

    expect(reasonOf(ip("9.9.9.1"))).toBe("9.9.9.1 is the gateway of firewall edge-1");
    expect(reasonOf(ip("9.9.9.2"))).toBeNull();

    own = [{ prefix: prefix("9.9.9.2/32"), why: "Splunk" }];

    expect(reasonOf(ip("9.9.9.2"))).toBe("9.9.9.2 is Splunk");
    expect(reasonOf(ip("9.9.9.1"))).toBeNull();
  });
});

const everyProtected = [
  ...specialNetworks,
  ...documentationNetworks,
  ...unassignedNetworks,
  ...publicResolvers,
];

/** Node's own lists, as a second opinion; one per family, because in one list `::/3` also holds all of IPv4. */
function secondOpinion(): Readonly<Record<4 | 6, BlockList>> {
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const [text] of everyProtected) {
    const network = prefix(text);
    const family = familyOf(network);
    lists[family].addSubnet(networkOf(network), lengthOf(network), `ipv${family}`);
  }
  return lists;
}

describe("any address", () => {
  const reasonOf = protection();
  const lists = secondOpinion();
  const isListed = (address: IpAddress): boolean =>
    lists[familyOf(address)].check(address, `ipv${familyOf(address)}`);

  test("is protected when a second implementation says so", () => {
    const inside = fc
      .tuple(fc.constantFrom(...everyProtected), ipv4Text, ipv6Text)
      .map(([[text], v4, v6]) => addressInside(prefix(text), v4, v6));
    fc.assert(
      fc.property(fc.oneof(inside, ipv4Text.map(ip), ipv6Text.map(ip)), (address) => {
        const isSixToFour = address.startsWith("2002:");

        expect(reasonOf(address) !== null || isSixToFour).toBe(isListed(address) || isSixToFour);
      }),
      { numRuns: 3000 },
    );
  });

  test("inside a protected network never passes, alone or with its neighbours", () => {
    const inside = fc
      .tuple(fc.constantFrom(...everyProtected), ipv4Text, ipv6Text, fc.nat(8))
      .map(([[text], v4, v6, wider]) => ({ address: addressInside(prefix(text), v4, v6), wider }));
    fc.assert(
      fc.property(inside, ({ address, wider }) => {
        const network = widened(address, wider);

        expect(reasonOf(address)).not.toBeNull();
        expect(reasonOf(prefixOf(address))).not.toBeNull();
        expect(network === undefined ? "" : reasonOf(network)).not.toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  function addressInside(network: IpPrefix, v4: string, v6: string): IpAddress {
    const { family, first, last } = rangeOf(network);
    const random = ip(family === 4 ? v4 : v6);
    const offset = familyOf(random) === family ? rangeOf(random).first % (last - first + 1n) : 0n;
    return addressOf(first + offset, family);
  }

  function addressOf(number: bigint, family: 4 | 6): IpAddress {
    const hex = number.toString(16).padStart(family === 4 ? 8 : 32, "0");
    const pieces = hex.match(family === 4 ? /../g : /..../g) ?? [];
    return ip(family === 4 ? pieces.map((piece) => Number.parseInt(piece, 16)).join(".") : pieces.join(":"));
  }

  function widened(address: IpAddress, bits: number): IpPrefix | undefined {
    const { family, first } = rangeOf(address);
    const network = addressOf((first >> BigInt(bits)) << BigInt(bits), family);
    return parseIpPrefix(`${network}/${(family === 4 ? 32 : 128) - bits}`);
  }
});

test("100,000 checks against hundreds of networks are quick", () => {
  const own = Array.from({ length: 400 }, (_value, n) => ({
    prefix: prefix(`9.0.${n >> 8}.${n & 255}`),
    why: "ours",
  }));
  const entries = Array.from({ length: 300 }, (_value, n) => allowEntry(`2a00:${n.toString(16)}::/32`));
  const reasonOf = protection({ allowlist: () => entries, own: () => own });
  const asked = Array.from({ length: 100_000 }, (_value, n) =>
    prefix(`5.${n >> 16}.${(n >> 8) & 255}.${n & 255}`),
  );
  const startedAt = performance.now();

  const refused = asked.filter((one) => reasonOf(one) !== null);

  // Takes about 0.1 s; the limit only catches work that grows with the number of networks.
  expect(performance.now() - startedAt).toBeLessThan(2000);
  expect(refused).toEqual([]);
});
