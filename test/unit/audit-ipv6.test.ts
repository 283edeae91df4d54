import { describe, expect, test } from "vitest";
import { auditedInput, bareHost, findingsOf, told } from "./audit-desk.ts";

const usual = ["-i lo -j ACCEPT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"];

describe("IPv6", () => {
  const on = {
    ip6: ["0"],
    addr: [...(bareHost["addr"] ?? []), "2: eth0    inet6 2001:db8:5::7/64 scope global"],
    listen: ["tcp LISTEN 0 128 *:8081 *:*"],
  };
  const six = (...rules: readonly string[]) => ({
    ...on,
    "iptables-save6": ["*filter", ":INPUT DROP [0:0]", ...rules.map((rule) => `-A INPUT ${rule}`), "COMMIT"],
  });

  test("open beside a guarded IPv4", () => {
    expect(told(auditedInput("DROP", usual, on))).toContain("high ipv6-unguarded ip6: no table");
    expect(told(auditedInput("DROP", usual)).join()).not.toContain("ipv6");
  });

  test("neighbour discovery", () => {
    const blocked = (...rules: readonly string[]) =>
      findingsOf(auditedInput("DROP", usual, six(...rules)), "icmpv6-blocked").length;

    expect(blocked(...usual)).toBe(1);
    expect(blocked(...usual, "-p ipv6-icmp -j ACCEPT")).toBe(0);
    expect(blocked(...usual, "-s fe80::/10 -p ipv6-icmp -j ACCEPT")).toBe(0);
    expect(blocked(...usual, "-p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT")).toBe(1);
    expect(
      blocked(
        ...usual,
        ...["135", "136"].map((type) => `-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`),
      ),
    ).toBe(0);
  });

  test("a port that IPv4 keeps closed", () => {
    const rule = "-p tcp --dport 8081 -j ACCEPT";

    expect(told(auditedInput("DROP", usual, six(rule)))).toContain(
      "high ipv6-port-open ip6 filter/INPUT rule 1",
    );
    expect(told(auditedInput("DROP", [...usual, rule], six(rule))).join()).not.toContain("ipv6-port-open");
  });
});
