import { describe, expect, test } from "vitest";
import { audited, bareHost, findingsOf, inet, ipv6, mendOf, twoInterfaces } from "./audit-desk.ts";

const usual = ["-i lo -j ACCEPT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"];

describe("SSH for administrators only", () => {
  const ssh = [...usual, "-p tcp --dport 22 -j ACCEPT"];

  test("a rule for both families becomes one for each", () => {
    const texts = inet(
      "drop",
      'iifname "lo" accept',
      "ct state established,related accept",
      "tcp dport 22 accept",
    );
    const [why, [insert, replace, ...others]] = mendOf(audited(texts), "management-port-open");

    expect(insert).toMatch(
      /^nft insert rule inet filter input handle .* 'ip6 saddr ADMIN_NETWORK6 tcp dport 22 accept'$/,
    );
    expect(replace).toMatch(
      /^nft replace rule inet filter input handle .* 'ip saddr ADMIN_NETWORK tcp dport 22 accept'$/,
    );
    expect(others).toEqual([]);
    expect(why).toContain("ADMIN_NETWORK6; they must hold the address that Portcullis logs in from,");
  });

  test("a policy for both families gets a rule for each", () => {
    const [, fix] = mendOf(audited(inet("accept", "ct state established accept")), "management-port-open");

    expect(fix.map((line) => /ip6? saddr != \S+/.exec(line)?.[0])).toEqual([
      "ip saddr != ADMIN_NETWORK",
      "ip6 saddr != ADMIN_NETWORK6",
    ]);
  });

  test("a zone of firewalld, whose service is for both", () => {
    const ruleset = [
      "table inet firewalld {",
      " chain filter_INPUT {",
      "  type filter hook input priority 10; policy accept;",
      "  jump filter_IN_public_allow",
      "  reject with icmpx admin-prohibited",
      " }",
      " chain filter_IN_public_allow {",
      "  tcp dport 22 accept",
      " }",
      "}",
    ];
    const texts = { ...inet("accept"), managers: ["firewalld active"], ruleset };
    const [, fix] = mendOf(audited(texts), "management-port-open");
    const zone = "firewall-cmd --permanent --zone=public";
    const rich = (family: string, admins: string) =>
      `${zone} --add-rich-rule='rule family="${family}" source address="${admins}" port port="22" protocol="tcp" accept'`;

    expect(fix).toEqual([
      rich("ipv4", "ADMIN_NETWORK"),
      rich("ipv6", "ADMIN_NETWORK6"),
      `${zone} --remove-service=ssh`,
      `${zone} --remove-port=22/tcp`,
      "firewall-cmd --reload",
    ]);
  });

  test("ip6tables takes networks of its own; the address of the session is named", () => {
    const saved = ["*filter", ":INPUT DROP [0:0]", ...ssh.map((rule) => `-A INPUT ${rule}`), "COMMIT"];
    const connection = ["192.0.2.9 50000 198.51.100.7 22"];
    const report = audited({
      ...bareHost,
      ...ipv6,
      connection,
      "iptables-save4": saved,
      "iptables-save6": saved,
    });
    const found = findingsOf(report, "management-port-open");

    expect(found.map(({ fix }) => /-R .*/.exec(fix ?? "")?.[0])).toEqual([
      "-R INPUT 3 -s ADMIN_NETWORK -p tcp --dport 22 -j ACCEPT",
      "-R INPUT 3 -s ADMIN_NETWORK6 -p tcp --dport 22 -j ACCEPT",
    ]);
    expect(found[0]?.why).toContain("Portcullis logs in from (now 192.0.2.9), or it can block nothing");
  });

  test("ufw: no command where a deny would come ahead of the allow", () => {
    const ufw = (rule: string) => [
      "*filter",
      ":INPUT DROP [0:0]",
      ":ufw-user-input - [0:0]",
      "-A INPUT -j ufw-user-input",
      `-A ufw-user-input -p tcp ${rule} -j ACCEPT`,
      "COMMIT",
    ];
    const report = audited({
      ...bareHost,
      managers: ["ufw active"],
      "iptables-save4": ufw("-m multiport --dports 20:30"),
    });

    expect(
      findingsOf(report, "management-port-open").find(({ title }) => title.startsWith("SSH"))?.fix,
    ).toBeNull();
  });
});

describe("settings", () => {
  const off = ["net.ipv4.conf.all.rp_filter 0", "net.ipv4.conf.default.rp_filter 0"];

  test.each([
    ["one interface", {}, 1],
    ["two interfaces", twoInterfaces, 2],
    ["two ways out", { route: ["default via 198.51.100.1 dev eth0", "default dev ppp0"] }, 2],
    ["no interface told", { addr: [] }, 2],
  ])("strict reverse paths only where there is one: %s", (_, changes, mode) => {
    const report = audited({ ...bareHost, ...changes, sysctl: off });

    expect(mendOf(report, "no-anti-spoofing")[1]).toEqual([`sysctl -w net.ipv4.conf.all.rp_filter=${mode}`]);
  });

  test.each([
    ["off for all, but an interface has an address", ["1"], ipv6["addr"], true],
    ["off for all", ["1"], [...(bareHost["addr"] ?? []), "1: lo    inet6 ::1/128 scope host"], false],
    ["on, no address yet", ["0"], bareHost["addr"], true],
    ["not in the kernel", [], bareHost["addr"], false],
  ])("IPv6 %s", (_, ip6, addr, isOn) => {
    const report = audited({ ...bareHost, ip6, addr: addr ?? [] });

    expect(findingsOf(report, "default-accept-input").some(({ where }) => where.startsWith("ip6"))).toBe(
      isOn,
    );
  });
});
