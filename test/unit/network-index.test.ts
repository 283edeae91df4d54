import * as fc from "fast-check";
import { expect, test } from "vitest";
import { prefixesOverlap } from "../../src/domain/ip-address.ts";
import { createNetworkIndex, rangeOf } from "../../src/domain/network-index.ts";
import { prefix } from "../fakes/samples.ts";

test("the index finds what comparing with every network finds", () => {
  const anyPrefix = fc
    .tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 8, max: 32 }))
    .map(([a, b, length]) => {
      const mask = (-1 << (32 - length)) >>> 0;
      const number = (((9 << 24) | ((a % 4) << 16) | (b << 8)) & mask) >>> 0;
      const octets = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255);
      return prefix(`${octets.join(".")}/${length}`);
    });
  fc.assert(
    fc.property(fc.array(anyPrefix, { maxLength: 12 }), anyPrefix, (prefixes, wanted) => {
      const find = createNetworkIndex(prefixes.map((prefix) => ({ prefix, why: "" })));
      const found = find(rangeOf(wanted));

      expect(found !== undefined).toBe(prefixes.some((prefix) => prefixesOverlap(prefix, wanted)));
      expect(found === undefined || prefixesOverlap(found.prefix, wanted)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
