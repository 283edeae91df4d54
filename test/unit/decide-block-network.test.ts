import { describe, expect, test } from "vitest";
import { blockNetwork, mayAggregate } from "../../src/decide/block-network.ts";
import type { Aggregate } from "../../src/domain/policy.ts";
import { ip, prefix } from "../fakes/samples.ts";

const aggregate: Aggregate = { ipv4Neighbours: 4, ipv6Length: 64 };

interface Circumstances {
  readonly blocked?: number;
  readonly lifted?: boolean;
  readonly reason?: string | null;
  readonly policy?: Aggregate;
}

function network(
  address: string,
  { blocked = 0, lifted = false, reason = null, policy = aggregate }: Circumstances = {},
) {
  return blockNetwork({
    ip: ip(address),
    aggregate: policy,
    neighbours: { blocked, lifted },
    protectedReason: () => reason,
  });
}

describe("what a block drops", () => {
  test("an IPv4 address alone while its neighbours are few", () => {
    expect(network("203.0.113.9", { blocked: 2 })).toEqual({
      prefix: prefix("203.0.113.9/32"),
      reason: null,
    });
  });

  test("the /24 when it is one too many", () => {
    expect(network("203.0.113.9", { blocked: 3 })).toEqual({
      prefix: prefix("203.0.113.0/24"),
      reason: "the whole of 203.0.113.0/24 is blocked: 4 of its addresses are attackers",
    });
  });

  test("the /64 of an IPv6 address", () => {
    expect(network("2001:db8:1:2:3::9").prefix).toBe("2001:db8:1:2::/64");
  });

  test("never a network that holds a protected address", () => {
    const reason = "203.0.113.200 is on the allow-list";

    expect(network("203.0.113.9", { blocked: 9, reason }).prefix).toBe("203.0.113.9/32");
    expect(network("2001:db8::9", { reason }).prefix).toBe("2001:db8::9/128");
  });

  test("never a network in which a person has let an address out", () => {
    expect(network("203.0.113.9", { blocked: 9, lifted: true }).prefix).toBe("203.0.113.9/32");
  });

  test("the address alone by default", () => {
    const off: Aggregate = { ipv4Neighbours: null, ipv6Length: 128 };

    expect(mayAggregate(ip("203.0.113.9"), off)).toBe(false);
    expect(mayAggregate(ip("2001:db8::9"), off)).toBe(false);
    expect(network("2001:db8::9", { policy: off }).prefix).toBe("2001:db8::9/128");
  });
});
