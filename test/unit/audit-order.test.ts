import { describe, expect, test } from "vitest";
import { audited, auditedInput, bareHost, findingsOf, told } from "./audit-desk.ts";

describe("order", () => {
  const idle = (rules: readonly string[]) =>
    told(auditedInput("DROP", rules)).filter((line) => /unreachable|duplicate/.test(line));

  test.each([
    ["another port", ["-p tcp --dport 22 -j ACCEPT", "-p tcp --dport 23 -j DROP"]],
    ["another protocol", ["-p tcp --dport 53 -j ACCEPT", "-p udp --dport 53 -j DROP"]],
    ["a wider network", ["-s 192.0.2.0/25 -j ACCEPT", "-s 192.0.2.0/24 -j DROP"]],
    ["other states", ["-m state --state ESTABLISHED -j ACCEPT", "-p tcp --dport 22 -j ACCEPT"]],
    ["up to a rate", ["-p tcp -m limit --limit 5/sec -j ACCEPT", "-p tcp -j DROP"]],
    ["seen before", ["-p tcp -m recent --update --seconds 9 -j DROP", "-p tcp --dport 22 -j ACCEPT"]],
    ["an unknown condition", ["-m frobnicate --x 1 -j ACCEPT", "-m frobnicate --x 1 -j DROP"]],
    ["only logged before", ["-p tcp -j LOG", "-p tcp --dport 22 -j ACCEPT"]],
    ["all but these", ["! -s 192.0.2.0/24 -j DROP", "-s 192.0.2.1/32 -j ACCEPT"]],
    ["a set", ["-m set --match-set a src -j DROP", "-m set --match-set b src -j DROP"]],
    [
      "twice at a rate",
      ["-p icmp -m limit --limit 1/sec -j ACCEPT", "-p icmp -m limit --limit 1/sec -j ACCEPT"],
    ],
    ["behind a jump", ["-j NOWHERE", "-p tcp --dport 22 -j ACCEPT"]],
  ])("said nothing of: %s", (_, rules) => {
    expect(idle(rules)).toEqual([]);
  });

  test.each([
    [
      "a network in a network",
      ["-s 192.0.2.0/24 -j ACCEPT", "-s 192.0.2.7/32 -p tcp -j DROP"],
      "medium unreachable-rule ip filter/INPUT rule 2",
    ],
    [
      "a port in a range",
      ["-p tcp -m multiport --dports 20:25,80 -j DROP", "-p tcp --dport 22 -j ACCEPT"],
      "medium unreachable-rule ip filter/INPUT rule 2",
    ],
    [
      "an interface",
      ["-i eth+ -j DROP", "-i eth0 -j ACCEPT"],
      "medium unreachable-rule ip filter/INPUT rule 2",
    ],
    [
      "states",
      ["-m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT", "-p tcp -m conntrack --ctstate NEW -j ACCEPT"],
      "low unreachable-rule ip filter/INPUT rule 2",
    ],
    [
      "outside of one that is excepted",
      ["! -s 192.0.2.0/24 -j DROP", "-s 198.51.100.0/24 -j ACCEPT"],
      "medium unreachable-rule ip filter/INPUT rule 2",
    ],
    [
      "both negated",
      ["! -s 192.0.2.1/32 -j DROP", "! -s 192.0.2.0/24 -j ACCEPT"],
      "medium unreachable-rule ip filter/INPUT rule 2",
    ],
    [
      "the same, other words",
      ["-p 6 --dport 22:22 -j ACCEPT", "-p tcp -m tcp --dport 22 -m comment --comment x -j ACCEPT"],
      "low duplicate-rule ip filter/INPUT rule 2",
    ],
    [
      "the same set",
      ["-m set --match-set a src -j DROP", "-m set --match-set a src -p tcp -j ACCEPT"],
      "medium unreachable-rule ip filter/INPUT rule 2",
    ],
    [
      "behind RETURN",
      ["-j RETURN", "-p tcp --dport 22 -j DROP"],
      "medium unreachable-rule ip filter/INPUT rule 2",
    ],
  ])("found: %s", (_, rules, expected) => {
    expect(idle(rules)).toEqual([expected]);
  });

  test("behind a jump to a chain that lets nothing back", () => {
    const saved = (last: string) => [
      "*filter",
      ":INPUT DROP [0:0]",
      ":END - [0:0]",
      "-A INPUT -p tcp -j END",
      "-A INPUT -p tcp --dport 22 -j ACCEPT",
      "-A END -j LOG",
      `-A END ${last}`,
      "COMMIT",
    ];
    const found = (last: string) =>
      findingsOf(audited({ ...bareHost, "iptables-save4": saved(last) }), "unreachable-rule").length;

    expect([found("-j DROP"), found("-p tcp -j DROP"), found("-j RETURN")]).toEqual([1, 0, 0]);
  });

  test("chains that programs write are theirs", () => {
    const saved = [
      "*filter",
      ":INPUT DROP [0:0]",
      ":KUBE-X - [0:0]",
      "-A KUBE-X -j DROP",
      "-A KUBE-X -j DROP",
      "COMMIT",
    ];

    expect(findingsOf(audited({ ...bareHost, "iptables-save4": saved }), "duplicate-rule")).toEqual([]);
  });
});
