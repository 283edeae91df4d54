import { expect, test } from "vitest";
import { parseIpPrefix, prefixContains, prefixOf } from "../../src/domain/ip-address.ts";
import { coveringPrefixes } from "../../src/record/covering-prefixes.ts";
import { ip } from "../fakes/samples.ts";

test.each([
  {
    address: "203.0.113.255",
    count: 33,
    some: ["203.0.113.255/32", "203.0.113.254/31", "203.0.112.0/21", "0.0.0.0/0"],
  },
  { address: "0.0.0.0", count: 33, some: ["0.0.0.0/32", "0.0.0.0/0"] },
  {
    address: "2001:db8::ffff",
    count: 129,
    some: ["2001:db8::ffff/128", "2001:db8::fffe/127", "2001:db8::/48", "::/0"],
  },
])(
  "$address lies in $count networks, all in the text in which blocks are kept",
  ({ address, count, some }) => {
    const prefixes = coveringPrefixes(prefixOf(ip(address)));

    expect(prefixes[0]).toBe(prefixOf(ip(address)));
    expect(new Set(prefixes).size).toBe(count);
    expect(prefixes).toEqual(expect.arrayContaining(some));
    for (const text of prefixes) {
      const prefix = parseIpPrefix(text);
      expect(prefix).toBe(text);
      expect(prefix !== undefined && prefixContains(prefix, ip(address))).toBe(true);
    }
  },
);
