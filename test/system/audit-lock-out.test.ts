import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { audited, canLogIn, codes, findingOf, mend } from "./audit-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const skipped = skipSystemTests();

describe.skipIf(skipped !== null)("the commands of a finding lock nobody out", () => {
  let host: FirewallHost;

  beforeEach(async () => {
    host = await startFirewallHost();
  });

  afterEach(async () => {
    await host.stop();
  });

  const restore = async (policy: string, ...rules: readonly string[]): Promise<void> => {
    const lines = ["*filter", `:INPUT ${policy} [0:0]`, ...rules.map((rule) => `-A INPUT ${rule}`), "COMMIT"];
    const { code } = await host.exec("sh", "-c", `iptables-restore <<'E'\n${lines.join("\n")}\nE`);
    expect(code).toBe(0);
  };
  const shown = async (): Promise<readonly string[]> =>
    (await host.exec("iptables", "-S", "INPUT")).stdout.trim().split("\n");

  test.each([
    ["default-accept-input", []],
    ["accept-any", ["-j ACCEPT"]],
  ])("%s: sshd is reached by another interface than the world's", async (code, more) => {
    await restore(
      "ACCEPT",
      "-i lo -j ACCEPT",
      "-i wan -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      `-i wan -p tcp --dport ${host.sshPort} -j ACCEPT`,
      ...more,
    );
    const finding = findingOf(await audited(host), code, "ip filter");

    await mend(host, finding);

    expect(await host.attacker.ping()).toBe(false);
    expect(await canLogIn(host)).toBe(true);
    expect(finding.why).toContain("udp 7777");
  });

  test("what was found of rules that changed meanwhile changes nothing", async () => {
    const ssh = `-p tcp -m tcp --dport ${host.sshPort}`;
    await restore("DROP", `${ssh} -j ACCEPT`, `-s ${host.sshHost}/32 ${ssh} -j ACCEPT`);
    const before = await audited(host);
    const narrowed = findingOf(before, "management-port-open", "ip filter").fix ?? "";
    const hidden = findingOf(before, "unreachable-rule").fix ?? "";
    const run = async (fix: string): Promise<number> => (await host.exec("sh", "-c", fix)).code;

    await host.exec("iptables", "-R", "INPUT", "1", "-s", "192.0.2.0/24", "-p", "tcp", "-j", "ACCEPT");
    const changed = await shown();
    expect(await run(hidden)).not.toBe(0);
    expect(await run(narrowed.replace("ADMIN_NETWORK", "192.0.2.0/24"))).not.toBe(0);
    expect(await shown()).toEqual(changed);
  });

  test("SSH in a table for both families is kept for administrators of both", async () => {
    const rules = `table inet filter { chain input { type filter hook input priority 0; policy drop;
      iif lo accept; ct state established,related accept; meta l4proto ipv6-icmp accept; tcp dport ${host.sshPort} accept; }; }`;
    await host.exec("nft", rules);
    const { fix, ...finding } = findingOf(
      await audited(host, { hasIptables: false }),
      "management-port-open",
      "inet",
    );

    await mend(host, {
      ...finding,
      fix: (fix ?? "")
        .replaceAll("ADMIN_NETWORK6", "2001:db8:5::/64")
        .replaceAll("ADMIN_NETWORK", "198.51.100.0/24"),
    });

    const { stdout } = await host.exec("nft", "list", "chain", "inet", "filter", "input");
    expect(stdout).toContain(`ip saddr 198.51.100.0/24 tcp dport ${host.sshPort} accept`);
    expect(stdout).toContain(`ip6 saddr 2001:db8:5::/64 tcp dport ${host.sshPort} accept`);
    expect(stdout).not.toContain(`\t\ttcp dport ${host.sshPort} accept`);
    expect(codes(await audited(host, { hasIptables: false })).join()).not.toContain("management-port-open");
  });
});
