import { assert, ipV4, ipV6, oneof, property } from "fast-check";
import { expect, test } from "vitest";
import { parseIpAddress, prefixOf } from "../../src/domain/ip-address.ts";
import { coveringPrefixes } from "../../src/record/covering-prefixes.ts";
import { networksAround } from "../../src/record/networks-around.ts";
import { ip } from "../fakes/samples.ts";

const anyAddress = oneof(ipV4(), ipV6())
  .map(parseIpAddress)
  .filter((address) => address !== undefined);

test("an address lies in the same networks as when each is worked out one by one", () => {
  assert(
    property(anyAddress, (address) => {
      const every = Array.from({ length: 129 }, (_, length) => length);

      const networks = [...networksAround([address], every).keys()];

      expect(networks.toSorted()).toEqual(coveringPrefixes(prefixOf(address)).toSorted());
    }),
  );
});

test("each network is there once, with all addresses that it holds", () => {
  const ips = ["203.0.113.9", "203.0.113.200", "203.0.112.1", "2001:db8::1"].map(ip);

  expect(networksAround(ips, [24, 64, 1])).toEqual(
    new Map([
      ["203.0.113.0/24", ips.slice(0, 2)],
      ["203.0.112.0/24", ips.slice(2, 3)],
      ["128.0.0.0/1", ips.slice(0, 3)],
      ["2001:d00::/24", ips.slice(3)],
      ["2001:db8::/64", ips.slice(3)],
      ["::/1", ips.slice(3)],
    ]),
  );
  expect(networksAround(ips, [])).toEqual(new Map());
});
