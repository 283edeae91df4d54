import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import {
  audited,
  auditedInput,
  bareHost,
  findingsOf,
  inet,
  mendOf,
  type Texts,
  twoInterfaces,
} from "./audit-desk.ts";

const usual = ["-i lo -j ACCEPT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"];

const listening = (...ports: readonly number[]): Texts => ({
  listen: ports.map((port) => `tcp LISTEN 0 128 0.0.0.0:${port} 0.0.0.0:*`),
});

describe("a default that drops locks nobody out", () => {
  const forOne = [
    "-i lo -j ACCEPT",
    "-i eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-i eth0 -p tcp -m tcp --dport 22 -j ACCEPT",
  ];

  test("rules for the interface of the world are none for the one that is managed by", () => {
    const [, fix] = mendOf(auditedInput("ACCEPT", forOne, twoInterfaces), "default-accept-input");

    expect(fix).toEqual([
      "iptables -w 5 -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
      "iptables -w 5 -A INPUT -p tcp --dport 22 -j ACCEPT",
      "iptables -w 5 -P INPUT DROP",
    ]);
    expect(mendOf(auditedInput("ACCEPT", forOne), "default-accept-input")[1]).toEqual([
      "iptables -w 5 -P INPUT DROP",
    ]);
  });

  test("nor when a rule that accepts all is to go; nothing is done when it has moved", () => {
    const [, fix] = mendOf(auditedInput("ACCEPT", [...forOne, "-j ACCEPT"], twoInterfaces), "accept-any");

    expect(fix).toEqual([
      "iptables -w 5 -S INPUT 4 | grep -qxF -- '-A INPUT -j ACCEPT'",
      "iptables -w 5 -I INPUT 4 -p tcp --dport 22 -j ACCEPT",
      "iptables -w 5 -I INPUT 4 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
      "iptables -w 5 -S INPUT 6 | grep -qxF -- '-A INPUT -j ACCEPT'",
      "iptables -w 5 -D INPUT 6",
      "iptables -w 5 -P INPUT DROP",
    ]);
  });

  test.each([
    ["one address of several", "-d 198.51.100.7/32 -p tcp --dport 22 -j ACCEPT"],
    ["all but one network", "! -s 192.0.2.0/24 -p tcp --dport 22 -j ACCEPT"],
    ["half of the world", "-s 0.0.0.0/1 -p tcp --dport 22 -j ACCEPT"],
  ])("a rule for %s is none for this program's own way in", (_, rule) => {
    const addr = [...(bareHost["addr"] ?? []), "2: eth0    inet 198.51.100.8/24 scope global eth0"];
    const [, fix] = mendOf(auditedInput("ACCEPT", [...usual, rule], { addr }), "default-accept-input");

    expect(fix).toEqual([
      "iptables -w 5 -A INPUT -p tcp --dport 22 -j ACCEPT",
      "iptables -w 5 -P INPUT DROP",
    ]);
  });

  test("a rule for IPv4 in a table for both is none for IPv6", () => {
    const rules = ['iifname "lo" accept', "ct state established,related accept"];
    const texts = inet("accept", ...rules, "ip protocol tcp tcp dport 22 accept");
    const [, fix] = mendOf(audited(texts), "default-accept-input");

    expect(fix).toEqual([
      "nft 'add rule inet filter input meta l4proto ipv6-icmp accept'",
      "nft 'add rule inet filter input tcp dport 22 accept'",
      "nft 'add chain inet filter input { policy drop; }'",
    ]);
  });

  test.each([
    ["the configured port and 22, when both listen", listening(22, 2222), 2222, [2222, 22]],
    ["22, when the configured one is translated", listening(22), 2222, [22]],
    ["both, when nobody tells what listens", {}, 2222, [2222, 22]],
    [
      "that of the session",
      { ...listening(443), connection: ["192.0.2.9 50000 198.51.100.7 2200"] },
      22,
      [2200],
    ],
    [
      "that of the session besides others",
      { ...listening(22), connection: ["192.0.2.9 50000 198.51.100.7 2200"] },
      22,
      [22, 2200],
    ],
  ])("SSH stays open at %s", (_, changes, sshPort, expected) => {
    const known = Object.entries(bareHost).filter(([name]) => name !== "listen");
    const texts = { ...Object.fromEntries(known), ...changes };
    const [, fix] = mendOf(audited(texts, { sshPort }), "default-accept-input");

    expect([...fix.join("\n").matchAll(/--dport (\d+) -j ACCEPT/g)].map(([, port]) => Number(port))).toEqual(
      expected,
    );
  });

  test("no command where no likely port of sshd listens", () => {
    const [why, fix] = mendOf(audited({ ...bareHost, ...listening(8443) }), "default-accept-input");

    expect(fix).toEqual([]);
    expect(why).toContain("no command is proposed that might lock you out");
  });

  test("what else is closed is named", () => {
    const listen = [
      ...(listening(443, 22, 8080, 25)["listen"] ?? []),
      "tcp LISTEN 0 128 127.0.0.1:5432 0.0.0.0:*",
      "udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:*",
    ];
    const report = auditedInput("ACCEPT", ["-p tcp --dport 443 -j ACCEPT", "-p tcp --dport 25 -j DROP"], {
      listen,
    });

    expect(mendOf(report, "default-accept-input")[0]).toMatch(
      /keep SSH open \(tcp 22\) and close what listens besides: udp 53, tcp 8080\. /,
    );
  });
});

describe("commands meet the rules that they were made for", () => {
  const hidden = "-s 10.0.0.5/32 -p tcp -m tcp --dport 22 -j ACCEPT";

  test("a rule is replaced while it is there, and a hidden one deleted while it is hidden", () => {
    const report = auditedInput("DROP", [...usual, "-p tcp -m tcp --dport 22 -j ACCEPT", hidden]);
    const cover = "iptables -w 5 -S INPUT 3 | grep -qxF -- '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'";

    expect(mendOf(report, "management-port-open")[1]).toEqual([
      cover,
      "iptables -w 5 -R INPUT 3 -s ADMIN_NETWORK -p tcp -m tcp --dport 22 -j ACCEPT",
    ]);
    expect(mendOf(report, "unreachable-rule")[1]).toEqual([
      cover,
      `iptables -w 5 -S INPUT 4 | grep -qxF -- '-A INPUT ${hidden}'`,
      "iptables -w 5 -D INPUT 4",
    ]);
  });

  test.each([
    ["both are there", ["tcp dport 22 accept", "ip saddr 10.0.0.5 tcp dport 22 accept"], "8"],
    [
      "the other was narrowed",
      ["ip saddr A tcp dport 22 accept", "ip saddr 10.0.0.5 tcp dport 22 accept"],
      "",
    ],
    ["they changed places", ["ip saddr 10.0.0.5 tcp dport 22 accept", "tcp dport 22 accept"], ""],
  ])("nft finds the handle of a hidden rule only behind the one that hides it: %s", (_, now, handle) => {
    const texts = inet("drop", "tcp dport 22 accept", "ip saddr 10.0.0.5 tcp dport 22 accept");
    const [, [fix = ""]] = mendOf(audited(texts), "unreachable-rule");
    const awk = /\| (awk .*)\)"$/s.exec(fix)?.[1] ?? "";

    const found = execFileSync("sh", ["-c", awk], {
      input: now.map((rule, index) => `\t\t${rule} # handle ${index + 7}\n`).join(""),
    });

    expect(found.toString().trim()).toBe(handle);
  });

  test("a shell stops at the first step that fails", () => {
    const ufw = [
      "*filter",
      ":INPUT DROP [0:0]",
      ":ufw-user-input - [0:0]",
      "-A INPUT -j ufw-user-input",
      "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT",
      "COMMIT",
    ];
    const report = audited({ ...bareHost, managers: ["ufw active"], "iptables-save4": ufw });
    const fix = findingsOf(report, "management-port-open")[0]?.fix ?? "";
    const stub = `ufw() { case "$*" in *ADMIN_NETWORK*) return 1;; esac; echo "done: $*"; }`;

    const { stdout, status } = spawnSync("sh", ["-c", `${stub}\n${fix}`], { encoding: "utf8" });

    expect([stdout, status]).toEqual(["", 1]);
    expect(fix).toContain("ufw delete allow 22/tcp");
  });
});
