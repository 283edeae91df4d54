import { describe, expect, test } from "vitest";
import { audited, fixture, told } from "./audit-desk.ts";

describe("rule sets as they are found in the field", () => {
  test("a Debian desktop without rules", () => {
    expect(told(audited(fixture("debian-desktop"), { isEnforcing: false }))).toEqual([
      "medium default-accept-input ip: no table",
      "medium default-accept-input ip6: no table",
      "medium no-anti-spoofing sysctl net.ipv4.conf.all.rp_filter",
      "low management-port-open ip: no table",
      "low management-port-open ip6: no table",
      "low redirects sysctl net.ipv4.conf.all.accept_redirects = 1",
      "low redirects sysctl net.ipv6.conf.all.accept_redirects = 1",
      "info portcullis-missing ip raw/PREROUTING, ip6 raw/PREROUTING",
      "info martians-not-logged sysctl net.ipv4.conf.all.log_martians = 0",
    ]);
  });

  test("ufw's own rules are good; what it was told to open is not", () => {
    const report = audited(fixture("ufw"));

    expect(told(report)).toEqual([
      "high portcullis-missing ip raw/PREROUTING, ip6 raw/PREROUTING",
      "high management-port-open ip filter/ufw-user-input rule 5",
      "low management-port-open ip filter/ufw-user-input rule 3",
      "low management-port-open ip6 filter/ufw6-user-input rule 3",
      "low management-port-open ip6 filter/ufw6-user-input rule 5",
    ]);
    expect(report.findings[1]?.fix).toBe("ufw delete allow 3306/tcp");
    expect(report.findings[2]?.fix).toBe(
      [
        "ufw allow from ADMIN_NETWORK to any port 22 proto tcp",
        "ufw allow from ADMIN_NETWORK6 to any port 22 proto tcp",
        "ufw delete limit 22/tcp",
      ].join(" && \\\n"),
    );
    expect(report.notes.join()).not.toContain("not understood");
  });

  test("Docker publishes past INPUT", () => {
    const report = audited(fixture("docker"));

    expect(told(report)).toEqual([
      "critical management-port-forwarded ip nat/DOCKER rule 3",
      "high portcullis-missing ip raw/PREROUTING",
      "high conntrack-full conntrack 60000 of 65536",
      "medium docker-past-input ip filter/DOCKER-USER",
    ]);
    expect(report.findings[3]?.title).toBe(
      "Docker publishes 2 ports to everybody, past all INPUT rules: tcp 8080, tcp 6379",
    );
    expect(report.findings[3]?.fix).toBe(
      "iptables -w 5 -I DOCKER-USER 1 -i eth0 ! -s ALLOWED_NETWORK -m conntrack --ctstate NEW -j DROP",
    );
  });

  test("Docker behind DOCKER-USER is filtered", () => {
    const texts = fixture("docker");
    const saved = texts["iptables-save4"]?.flatMap((line) =>
      line === "-A DOCKER-USER -j RETURN"
        ? ["-A DOCKER-USER ! -s 198.51.100.0/24 -i eth0 -m conntrack --ctstate NEW -j DROP", line]
        : [line],
    );

    expect(told(audited({ ...texts, "iptables-save4": saved ?? [] })).join()).not.toMatch(/docker|forwarded/);
  });

  test("firewalld guards both families", () => {
    const report = audited(fixture("firewalld"));

    expect(told(report)).toEqual([
      "high portcullis-missing ip raw/PREROUTING, ip6 raw/PREROUTING",
      "high management-port-open inet firewalld/filter_IN_public_allow rule 4",
      "medium management-port-open inet firewalld/filter_IN_public_allow rule 1",
      "low no-drop-log inet firewalld/filter_INPUT",
    ]);
    expect(report.findings[1]?.title).toBe("PostgreSQL (TCP 5432) is open to everybody by IPv4 and IPv6");
    expect(report.findings[1]?.fix).toBe(
      "firewall-cmd --permanent --zone=public --remove-port=5432/tcp && \\\nfirewall-cmd --reload",
    );
    expect(report.notes.join()).not.toContain("not understood");
  });

  test("fail2ban alone is no firewall", () => {
    expect(told(audited(fixture("fail2ban")))).toEqual([
      "critical management-port-open ip filter/INPUT policy",
      "critical management-port-open ip filter/INPUT policy",
      "high portcullis-missing ip6 raw/PREROUTING",
      "high default-accept-input ip filter/INPUT policy",
      "high default-accept-input ip6: no table",
      "high management-port-open ip filter/INPUT policy",
      "medium management-port-open ip filter/INPUT policy",
      "medium management-port-open ip6: no table",
      "medium no-anti-spoofing sysctl net.ipv4.conf.all.rp_filter",
      "info martians-not-logged sysctl net.ipv4.conf.all.log_martians = 0",
    ]);
  });

  test("a hand-written INPUT script with the usual mistakes", () => {
    const report = audited(fixture("classic"));

    expect(told(report)).toEqual([
      "critical management-port-open ip filter/INPUT rule 10",
      "high portcullis-missing ip6 raw/PREROUTING",
      "high portcullis-not-first ip raw/PREROUTING rule 1",
      "high ipv6-unguarded ip6: no table",
      "high management-port-open ip6: no table",
      "medium management-port-open ip filter/INPUT rule 4",
      "medium management-port-open ip6: no table",
      "medium unreachable-rule ip filter/INPUT rule 8",
      "medium unreachable-rule ip filter/INPUT rule 13",
      "medium source-route sysctl net.ipv4.conf.all.accept_source_route = 1",
      "low management-port-open ip filter/INPUT rule 11",
      "low unreachable-rule ip filter/INPUT rule 7",
      "low duplicate-rule ip filter/INPUT rule 9",
      "low invalid-accepted ip filter/INPUT",
      "low no-drop-log ip filter/INPUT",
    ]);
  });

  test("RHEL 7 as installed: legacy tables, and /proc instead of ss", () => {
    const report = audited(fixture("rhel7"));

    expect(told(report)).toEqual([
      "high portcullis-missing ip raw/PREROUTING, ip6 raw/PREROUTING",
      "medium management-port-open legacy ip filter/INPUT rule 4",
      "medium management-port-open legacy ip6 filter/INPUT rule 4",
      "low no-drop-log legacy ip filter/INPUT",
      "low no-drop-log legacy ip6 filter/INPUT",
    ]);
    expect(report.findings[1]?.fix).toMatch(
      /^iptables -w 5 -S INPUT 4 \| grep -qxF -- '-A INPUT -p tcp .*' && \\\niptables -w 5 -R INPUT 4 -s ADMIN_NETWORK -p tcp /,
    );
  });

  test("OpenWrt: chains that hold back floods, jumps at the end, types with codes", () => {
    const report = audited(fixture("openwrt"));

    expect(told(report)).toEqual([
      "high portcullis-missing ip raw/PREROUTING, ip6 raw/PREROUTING",
      "medium management-port-open inet fw4/input_wan rule 8",
      "medium management-port-forwarded inet fw4/dstnat rule 1",
      "low invalid-accepted inet fw4/input",
      "low no-drop-log inet fw4/input",
    ]);
    expect(report.findings[1]?.title).toBe("SSH (TCP 22) is open to everybody by IPv4");
    expect(report.notes.join()).not.toContain("not understood");
  });

  test("a hand-written nftables.conf", () => {
    const report = audited(fixture("nftables"));

    expect(told(report)).toEqual([
      "critical management-port-open inet filter/input rule 8",
      "high portcullis-missing ip raw/PREROUTING, ip6 raw/PREROUTING",
      "medium unreachable-rule inet filter/input rule 12",
      "medium unreachable-rule inet filter/input rule 13",
      "low management-port-open inet filter/input rule 5",
      "low unreachable-rule inet filter/input rule 9",
    ]);
    expect(report.notes.join()).not.toContain("not understood");
  });
});
