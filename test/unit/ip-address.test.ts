import { isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  familyOf,
  lengthOf,
  networkOf,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  prefixesOverlap,
  prefixOf,
} from "../../src/domain/ip-address.ts";
import { ipv4Text, ipv6Groups, ipv6Text } from "../fakes/addresses.ts";
import { ip, prefix } from "../fakes/samples.ts";

describe("parseIpAddress", () => {
  test.each([
    ["203.0.113.5", "203.0.113.5"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::", "::"],
    ["::ffff:203.0.113.5", "203.0.113.5"],
    ["::FFFF:cb00:7105", "203.0.113.5"],
    ["0:0:0:0:0:ffff:203.0.113.5", "203.0.113.5"],
    ["64:ff9b::203.0.113.5", "64:ff9b::cb00:7105"],
    ["::203.0.113.5", "::cb00:7105"],
  ])("%s is %s", (text, canonical) => {
    expect(parseIpAddress(text)).toBe(canonical);
  });

  test.each([
    ["010.1.2.3", "read as 8.1.2.3 by the tools of a firewall"],
    ["203.0.113.05", "leading zero"],
    ["1", "read as 1.0.0.0 or 0.0.0.1"],
    ["1.2.3", "too short"],
    ["1.2.3.4.5", "too long"],
    ["256.1.1.1", "too large"],
    ["0x7f.0.0.1", "hexadecimal"],
    ["0x7f000001", "hexadecimal"],
    ["2130706433", "decimal"],
    ["localhost", "host name"],
    ["example.com", "host name"],
    ["dead", "host name of hexadecimal digits"],
    ["1.2.3.4,5.6.7.8", "list"],
    ["1.2.3.4-1.2.3.9", "range"],
    ["1.2.3.4/32", "network"],
    ["1.2.3.4:443", "port"],
    ["[::1]", "brackets"],
    ["fe80::1%eth0", "zone"],
    [" 1.2.3.4", "space"],
    ["1.2.3.4\n", "newline"],
    ["1.2.3.4\u0000", "NUL"],
    ["-1.2.3.4", "option"],
    ["١.٢.٣.٤", "digits of another script"],
    ["\uff11.\uff12.\uff13.\uff14", "full-width digits"],
    ["::ffff:010.1.2.3", "leading zero inside"],
    ["::ffff:1.2.3", "too short inside"],
    ["1::2::3", "two gaps"],
    [":::", "three colons"],
    ["1:2:3:4:5:6:7", "seven groups"],
    ["1:2:3:4:5:6:7:8:9", "nine groups"],
    ["12345::", "group too long"],
    ["00:11:22:33:44:55", "hardware address"],
    ["12:30:45", "time"],
    ["g::1", "no digit"],
    ["", "nothing"],
  ])("refuses %j: %s", (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  test("accepts what node:net accepts, without zones", () => {
    const near = fc.oneof(
      ipv4Text,
      ipv6Text,
      fc.string({ unit: fc.constantFrom(...Array.from("0123456789abcdefABCDEF:.%/x ")), maxLength: 45 }),
      fc.string(),
    );
    fc.assert(
      fc.property(near, (text) => {
        expect(parseIpAddress(text) !== undefined).toBe(isIP(text) !== 0 && !text.includes("%"));
      }),
      { numRuns: 5000 },
    );
  });

  test("has one spelling per address", () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Text, ipv6Text), (text) => {
        const parsed = ip(text);

        expect(parseIpAddress(parsed)).toBe(parsed);
        expect(isIP(parsed)).toBe(familyOf(parsed));
      }),
    );
  });

  test("writes IPv6 as RFC 5952 and URLs do", () => {
    fc.assert(
      fc.property(ipv6Groups, (groups) => {
        const text = groups.map((group) => group.toString(16)).join(":");
        const parsed = ip(text);
        const isMapped = familyOf(parsed) === 4;

        expect(isMapped ? "" : `[${parsed}]`).toBe(isMapped ? "" : new URL(`http://[${text}]/`).hostname);
      }),
      { numRuns: 2000 },
    );
  });

  test("reads the dotted form of IPv6 as the same address as the other", () => {
    fc.assert(
      fc.property(ipv6Groups, ipv4Text, (groups, dotted) => {
        const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
        const head = groups.slice(0, 6).map((group) => group.toString(16));
        const tail = [a * 256 + b, c * 256 + d].map((group) => group.toString(16));

        expect(parseIpAddress([...head, dotted].join(":"))).toBe(ip([...head, ...tail].join(":")));
      }),
    );
  });

  test("takes time in proportion to the length of the text", () => {
    const hostile = ["1.", ":", "::ffff:", "1.1.1.1:", "a:", " "].map((piece) => piece.repeat(1_000_000));

    expect(hostile.map((text) => parseIpAddress(text) ?? parseIpPrefix(text))).toEqual(
      hostile.map(() => undefined),
    );
  });
});

describe("parseIpPrefix", () => {
  test.each([
    ["203.0.113.5", "203.0.113.5/32"],
    ["203.0.113.0/24", "203.0.113.0/24"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8::/32", "2001:db8::/32"],
    ["2001:db8:0:0::1/128", "2001:db8::1/128"],
    ["::/0", "::/0"],
    ["::ffff:203.0.113.5", "203.0.113.5/32"],
  ])("%s is %s", (text, canonical) => {
    expect(parseIpPrefix(text)).toBe(canonical);
  });

  test.each([
    "203.0.113.5/24",
    "2001:db8::1/64",
    "203.0.113.0/33",
    "2001:db8::/129",
    "203.0.113.0/024",
    "203.0.113.0/",
    "203.0.113.0/-1",
    "203.0.113.0/+24",
    "203.0.113.0/24/24",
    "203.0.113.0/255.255.255.0",
    "203.0.113.0 /24",
    "010.0.0.0/8",
    "/24",
    "example.com/32",
    "::ffff:203.0.113.0/120",
    "::ffff:203.0.113.0/24",
    "0:0:0:0:0:ffff:203.0.113.0/24",
    "0::ffff:cb00:7100/24",
  ])("refuses %s", (text) => {
    expect(parseIpPrefix(text)).toBeUndefined();
  });

  test("takes apart what it puts together", () => {
    const anyPrefix = fc.oneof(
      fc.tuple(ipv4Text, fc.nat(32)).map(([text, length]) => [text, length] as const),
      fc.tuple(ipv6Text, fc.nat(128)).map(([text, length]) => [text, length] as const),
    );
    fc.assert(
      fc.property(anyPrefix, ([text, length]) => {
        const parsed = parseIpPrefix(`${text}/${length}`);
        fc.pre(parsed !== undefined);

        expect(parsed).toBe(`${networkOf(parsed)}/${lengthOf(parsed)}`);
        expect(lengthOf(parsed)).toBe(length);
        expect(parseIpPrefix(parsed)).toBe(parsed);
        expect(prefixContains(parsed, networkOf(parsed))).toBe(true);
      }),
    );
  });

  test("an address is in its own network and in no other", () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Text, ipv6Text), fc.oneof(ipv4Text, ipv6Text), (a, b) => {
        const own = prefixOf(ip(a));

        expect(prefixContains(own, ip(a))).toBe(true);
        expect(networkOf(own)).toBe(ip(a));
        expect(prefixContains(own, ip(b))).toBe(ip(a) === ip(b));
      }),
    );
  });
});

describe("networks in networks", () => {
  test.each([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.0/8", "10.0.0.0/8", true],
    ["10.0.0.0/8", "10.2.0.0/16", true],
    ["10.2.0.0/16", "10.0.0.0/8", false],
    ["::/0", "10.0.0.0/8", false],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["2001:db8::/32", "2001:db8:ffff::/48", true],
    ["2001:db8::/32", "2001:db9::", false],
  ])("%s contains %s: %s", (outer, inner, expected) => {
    expect(prefixContains(prefix(outer), parseIpAddress(inner) ?? prefix(inner))).toBe(expected);
  });

  test("overlap is the same from both sides", () => {
    expect(prefixesOverlap(prefix("10.0.0.0/8"), prefix("10.2.0.0/16"))).toBe(true);
    expect(prefixesOverlap(prefix("10.2.0.0/16"), prefix("10.0.0.0/8"))).toBe(true);
    expect(prefixesOverlap(prefix("10.2.0.0/16"), prefix("10.3.0.0/16"))).toBe(false);
  });
});
