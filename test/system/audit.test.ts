import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuditReport } from "../../src/audit/finding.ts";
import { audit } from "../../src/cli/audit.ts";
import { audited, canLogIn, codes, findingOf, mend } from "./audit-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { openDesk } from "./onboarding-desk.ts";

const skipped = skipSystemTests();

describe.skipIf(skipped !== null)("the command of a finding mends it", () => {
  let host: FirewallHost;

  beforeEach(async () => {
    host = await startFirewallHost();
  });

  afterEach(async () => {
    await host.stop();
  });

  const restore = async (rules: string, tool = "iptables"): Promise<void> => {
    const { code, stderr } = await host.exec("sh", "-c", `printf '%s' "$1" | ${tool}-restore`, "sh", rules);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  };
  const input = (policy: string, ...rules: readonly string[]): string =>
    ["*filter", `:INPUT ${policy} [0:0]`, ...rules.map((rule) => `-A INPUT ${rule}`), "COMMIT", ""].join(
      "\n",
    );

  const has = (report: AuditReport, pattern: RegExp): readonly string[] =>
    codes(report).filter((code) => pattern.test(code));

  test.each([
    ["iptables", []],
    ["iptables-legacy", ["-p tcp --dport 99 -j DROP"]],
  ])("%s: packets are accepted by default", async (tool, rules) => {
    await restore(input("ACCEPT", ...rules), tool);
    const before = await audited(host);
    expect(has(before, /^default-accept-input/)).toHaveLength(2);
    expect(await host.attacker.ping()).toBe(true);

    for (const finding of before.findings.filter(({ code }) => code === "default-accept-input")) {
      await mend(host, finding);
    }
    const after = await audited(host);

    expect(has(after, /default-accept|accept-any|no-established|no-loopback|icmpv6|ipv6-unguarded/)).toEqual(
      [],
    );
    expect(await host.attacker.ping()).toBe(false);
    expect(await host.attacker.ping(host.attacker.v6[0])).toBe(false);
    expect(await canLogIn(host)).toBe(true);
  });

  test("a rule accepts everything, ahead of good ones", async () => {
    await restore(input("DROP", "-i lo -j ACCEPT", "-j ACCEPT", "-p tcp --dport 443 -j ACCEPT"));
    const before = await audited(host);

    await mend(host, findingOf(before, "accept-any", "ip filter/INPUT rule 2"));
    const after = await audited(host);

    expect(has(after, /^(?:accept-any|unreachable-rule|no-established|no-loopback) ip /)).toEqual([]);
    expect(await host.attacker.ping()).toBe(false);
    expect(await canLogIn(host)).toBe(true);
    expect((await host.exec("iptables-save")).stdout).toContain("--dport 443 -j ACCEPT");
  });

  test("hidden and duplicate rules, with a comment that a shell must not run", async () => {
    const comment = `-m comment --comment "it's \\"x\\"; $(touch /tmp/portcullis-audit-ran) \`id\`"`;
    await restore(
      input(
        "DROP",
        "-p tcp --dport 1000:2000 -j ACCEPT",
        `-s 192.0.2.0/24 -p tcp --dport 1500 ${comment} -j DROP`,
        "-p udp --dport 53 -j ACCEPT",
        "-p udp --dport 53 -j ACCEPT",
      ),
    );
    const before = await audited(host);
    expect(has(before, /^(?:unreachable|duplicate)/)).toHaveLength(2);

    await mend(host, findingOf(before, "duplicate-rule"));
    await mend(host, findingOf(before, "unreachable-rule"));

    expect(has(await audited(host), /^(?:unreachable|duplicate)/)).toEqual([]);
    expect((await host.exec("iptables", "-S", "INPUT")).stdout.trim().split("\n")).toHaveLength(3);
    expect((await host.exec("ls", "/tmp/portcullis-audit-ran")).code).not.toBe(0);
  });

  test("a rule that has moved meanwhile is not deleted", async () => {
    await restore(input("DROP", "-p udp --dport 53 -j ACCEPT", "-p udp --dport 53 -j ACCEPT"));
    const finding = findingOf(await audited(host), "duplicate-rule");
    await host.exec("iptables", "-I", "INPUT", "2", "-p", "udp", "--dport", "123", "-j", "ACCEPT");

    const { code } = await host.exec("sh", "-c", finding.fix ?? "");

    expect(code).not.toBe(0);
    expect((await host.exec("iptables", "-S", "INPUT")).stdout).toContain("--dport 123");
  });

  test("no loopback, no replies, no log, invalid packets and an open port", async () => {
    await restore(
      input("DROP", "-p tcp --dport 6379 -j ACCEPT", "-p tcp --dport 443 -j ACCEPT", "-j REJECT"),
    );
    const wanted = [
      "no-established",
      "no-loopback",
      "no-drop-log",
      "invalid-accepted",
      "management-port-open",
    ];

    for (const code of wanted) {
      await mend(
        host,
        findingOf(await audited(host), code, code === "management-port-open" ? "ip filter" : ""),
      );
    }

    const after = await audited(host);
    expect(wanted.flatMap((code) => has(after, new RegExp(`^${code} ip `)))).toEqual([]);
    expect(has(after, /^unreachable/)).toEqual([]);
  });

  test("IPv6 neighbour discovery is dropped", async () => {
    await restore(input("DROP", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"), "ip6tables");
    const before = await audited(host);

    await mend(host, findingOf(before, "icmpv6-blocked"));

    expect(has(await audited(host), /^icmpv6/)).toEqual([]);
  });

  test("forged sources, source routes, and a rule ahead of the drop rules", async () => {
    for (const name of ["all", "default"]) {
      await host.exec("sysctl", "-w", `net.ipv4.conf.${name}.rp_filter=0`);
    }
    await host.exec("sysctl", "-w", "net.ipv4.conf.all.accept_source_route=1");
    await restore(
      "*raw\n:PORTCULLIS - [0:0]\n-A PREROUTING -s 192.0.2.0/24 -j ACCEPT\n-A PREROUTING -j PORTCULLIS\nCOMMIT\n",
    );
    const wanted = ["no-anti-spoofing", "source-route", "portcullis-not-first"];
    const before = await audited(host);

    for (const code of wanted) {
      const finding = findingOf(before, code);
      const { code: ended } = await host.exec("sh", "-ec", finding.fix ?? "exit 9");
      expect(ended).toBe(0);
    }

    const after = await audited(host);
    expect(wanted.flatMap((code) => has(after, new RegExp(`^${code}`)))).toEqual([]);
  });

  test("forwarding: nothing new comes in from the world, and what goes out goes on", async () => {
    await host.exec("sysctl", "-w", "net.ipv4.ip_forward=1");
    const before = await audited(host);

    await mend(host, findingOf(before, "default-accept-forward"));

    expect(has(await audited(host), /forward/)).toEqual([]);
  });

  test("the command reads the host through the script, changes nothing, and says by its exit code what it found", async () => {
    await restore(input("ACCEPT", "-p tcp --dport 22 -j ACCEPT", "-p tcp --dport 22 -j ACCEPT"));
    const rules = async (): Promise<string> => {
      const { stdout } = await host.exec("nft", "-nn", "list", "ruleset");
      return stdout;
    };
    const desk = openDesk(host);
    const before = await rules();

    const text = await desk.run((shell) => audit(shell, "edge-1", {}));
    const json = await desk.run((shell) => audit(shell, "edge-1", { json: true }));
    const unknown = await desk.run((shell) => audit(shell, "edge-2", {}));
    const after = await rules();
    await host.exec("sh", "-c", `kill ${(await host.sshdPids()).join(" ")}`);
    const gone = await desk.run((shell) => audit(shell, "edge-1", {}));

    expect(text.out).toMatch(/^Audit of edge-1: .*low.*; \d+ checks passed\n\n/);
    expect(text.out).toContain("Rule 2 says the same as rule 1 [duplicate-rule]");
    expect(JSON.parse(json.out)).toMatchObject({
      firewall: "edge-1",
      summary: expect.stringContaining("checks passed"),
      findings: expect.arrayContaining([
        {
          severity: "low",
          code: "duplicate-rule",
          title: "Rule 2 says the same as rule 1",
          rule: "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
          where: "ip filter/INPUT rule 2",
          why: expect.any(String),
          fix: expect.stringContaining("iptables -w 5 -D INPUT 2"),
        },
      ]),
      passed: expect.arrayContaining(["No rule is hidden behind an earlier one"]),
      notes: expect.any(Array),
    });
    expect([text.code, json.code]).toEqual([1, 1]);
    expect(unknown.code).toContain("CONFIG_INVALID");
    expect(gone.code).toMatch(/^SSH_UNREACHABLE: /);
    expect(after).toBe(before);
  });

  describe("nft alone", () => {
    const load = async (rules: string): Promise<void> => {
      const { stderr } = await host.exec("sh", "-c", `printf '%s' "$1" | nft -f -`, "sh", rules);
      expect(stderr).toBe("");
    };

    test.each([
      ["without any table", ""],
      [
        "a chain with policy accept",
        "table inet filter { chain input { type filter hook input priority 0; tcp dport 99 drop; }; }",
      ],
      [
        "a rule that accepts all",
        "table inet filter { chain input { type filter hook input priority 0; policy drop; iif lo accept; counter accept; tcp dport 443 accept; }; }",
      ],
    ])("%s", async (_, rules) => {
      await load(rules);
      const before = await audited(host, { hasIptables: false });

      for (const code of ["default-accept-input", "accept-any"]) {
        const found = before.findings.filter((finding) => finding.code === code).slice(0, 1);
        for (const finding of found) {
          await mend(host, finding);
        }
      }
      const after = await audited(host, { hasIptables: false });

      expect(has(before, /default-accept-input|accept-any/)).not.toEqual([]);
      expect(
        has(after, /default-accept|accept-any|no-established|no-loopback|icmpv6|ipv6-unguarded/),
      ).toEqual([]);
      expect(await host.attacker.ping()).toBe(false);
      expect(await canLogIn(host)).toBe(true);
    });

    test("hidden, duplicate and open", async () => {
      await load(`table inet filter { chain input { type filter hook input priority 0; policy drop;
        ct state established,related accept
        iif lo accept
        meta l4proto ipv6-icmp accept
        tcp dport 443 counter accept
        tcp dport 443 counter accept
        ip saddr 192.0.2.0/24 tcp dport 443 log prefix "a 'b' " drop
        tcp dport 6379 accept
        }
      }`);
      const before = await audited(host, { hasIptables: false });
      const wanted = [
        "duplicate-rule",
        "unreachable-rule",
        "management-port-open",
        "no-drop-log",
        "invalid-accepted",
      ];

      for (const code of wanted) {
        await mend(host, findingOf(await audited(host, { hasIptables: false }), code));
      }

      const after = await audited(host, { hasIptables: false });
      expect(wanted.slice(0, 3).flatMap((code) => has(before, new RegExp(`^${code}`)))).toHaveLength(3);
      expect(wanted.flatMap((code) => has(after, new RegExp(`^${code}`)))).toEqual([]);
    });
  });
});
