import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { firewallCheck } from "../../src/cli/firewall-check.ts";
import { firewallProbe } from "../../src/cli/firewall-probe.ts";
import type { CheckItem } from "../../src/enforce/host-check/check-item.ts";
import { add, firewallOn, running } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { type Desk, openDesk } from "./onboarding-desk.ts";
import type { FirewallHostOptions } from "./sshd-files.ts";

const cannot = skipSystemTests();

/** What the check says, item by item, as `level: text`. */
async function check(desk: Desk) {
  const ended = await desk.run((host) => firewallCheck(host, "edge-1", { json: true }));
  const items: readonly CheckItem[] = ended.out === "" ? [] : JSON.parse(ended.out);
  return {
    ...ended,
    items,
    said: Object.fromEntries(items.map(({ item, level, text }) => [item, `${level}: ${text}`])),
  };
}

async function startedWith(options: FirewallHostOptions): Promise<FirewallHost> {
  const host = await startFirewallHost(options);
  onTestFinished(() => host.stop());
  return host;
}

const anyKey = `SHA256:${"A".repeat(43)}`;
const title = cannot === null ? "" : `: skipped, this machine ${cannot}`;

describe.skipIf(cannot !== null)(`firewall check, with a real sshd and kernel${title}`, () => {
  let host: FirewallHost;
  beforeAll(async () => {
    host = await startFirewallHost();
  });
  afterAll(() => host.stop());

  test("a host that is new to us: everything works, nothing is ours, nothing is changed", async () => {
    const before = await host.exec("iptables-save");

    const { code, items, said } = await check(openDesk(host));

    expect(items.filter(({ level }) => level === "bad")).toEqual([]);
    expect(code).toBe(0);
    expect(said["login"]).toMatch(/^ok: root@10\.201\.[\d.]+:22022 with a key; ready after 0\.\d\d s/);
    expect(said["rights"]).toMatch(/^warning: logs in as root/);
    expect(said["shell"]).toMatch(/, Linux /);
    expect(said["iptables"]).toMatch(/^ok: iptables v1/);
    expect(said["IPv6"]).toMatch(/^ok: is on/);
    expect(said["ipset"]).toMatch(/^ok: ipset v7/);
    expect(said["our blocks"]).toMatch(/^ok: nothing of ours is there yet/);
    expect(said["clock"]).toMatch(/^ok: agrees/);
    expect(said["default gateway"]).toMatch(/^ok: 203\.0\.113\.254 answers/);
    expect((await host.exec("iptables-save")).stdout).toBe(before.stdout);
    expect((await host.exec("ipset", "list", "-n")).stdout).toBe("");
  });

  test("our own state: in place, and then with another rule ahead", async () => {
    const firewall = firewallOn(host);
    await firewall.apply([add("198.51.100.7/32")], running);
    await firewall.apply([add("2001:db8:5::/48")], running);
    await firewall.close();

    const inPlace = await check(openDesk(host));
    await host.exec("iptables", "-t", "raw", "-I", "PREROUTING", "-j", "ACCEPT");
    const behind = await check(openDesk(host));
    await host.exec("iptables", "-t", "raw", "-D", "PREROUTING", "-j", "ACCEPT");

    expect(inPlace.said["our blocks"]).toMatch(/^ok: 2 networks are dropped now/);
    expect(inPlace.said["capacity"]).toMatch(/^ok: 1 of \d+ networks/);
    expect(behind.said["our blocks"]).toMatch(/^bad: packets may still pass: .*not the first rule/);
    expect(behind.code).toBe(1);
  });

  test("in words: one line per item, and a sum", async () => {
    const { out } = await openDesk(host).run((one) => firewallCheck(one, "edge-1", {}));

    expect(out).toMatch(/^ok {7}login {12}root@/m);
    expect(out).toMatch(/\n\d+ ok, \d+ warnings?, 0 bad\n$/);
  });

  test.each([
    ["nobody listens", { sshPort: 1 }, {}, "login", /^bad: .*ECONNREFUSED.*let port 1 pass\?$/, 2],
    [
      "a name that is none",
      { sshHost: "nosuch.invalid" },
      {},
      "login",
      /^bad: .*\. The name nosuch\.invalid does not resolve here:/,
      2,
    ],
    [
      "a dead jump host",
      {},
      { jump: { host: "127.0.0.1", port: 9, user: "hop", privateKeyFile: "ssh_key", hostKey: anyKey } },
      "login",
      /^bad: jump host of edge-1 \(127\.0\.0\.1:9\).*\. Is 127\.0\.0\.1 on, .* let port 9 pass\?$/,
      2,
    ],
    [
      "a jump host whose name is none",
      {},
      { jump: { host: "hop.invalid", user: "hop", privateKeyFile: "ssh_key", hostKey: anyKey } },
      "login",
      /^bad: jump host of edge-1 .*\. The name hop\.invalid does not resolve here:/,
      2,
    ],
    [
      "another host key",
      { hostKey: `SHA256:${"A".repeat(43)}` },
      {},
      "host key",
      /^bad: .*firewall trust edge-1`$/,
      1,
    ],
    ["no host key", {}, { hostKey: null }, "host key", /^bad: .*portcullis firewall trust edge-1/, 1],
    [
      "another user",
      { user: "nosuch" },
      {},
      "login",
      /^bad: .*login as nosuch was refused.*Try `ssh -p 22022 nosuch@/,
      1,
    ],
  ])("%s is a finding, not a crash", async (_what, login, changes, item, words, wanted) => {
    const { code, said, items } = await check(openDesk({ ...host, ...login }, changes));

    expect(items).toHaveLength(1);
    expect(said[item]).toMatch(words);
    expect(code).toBe(wanted);
  });

  test("probe: packets pass before and are dropped after, for IPv4 and IPv6; nothing stays behind", async () => {
    const before = (await host.exec("ip", "-o", "addr", "show", "dev", "lo")).stdout;

    const { code, out } = await openDesk(host).run((one) => firewallProbe(one, "edge-1", { json: true }));

    expect(JSON.parse(out)).toEqual([
      { prefix: "192.0.2.217/32", works: true, sent: 3, passedBefore: 3, dropped: 3, why: "" },
      { prefix: "2001:db8:5eed::d1e/128", works: true, sent: 3, passedBefore: 3, dropped: 3, why: "" },
    ]);
    expect(code).toBe(0);
    expect((await host.exec("ip", "-o", "addr", "show", "dev", "lo")).stdout).toBe(before);
    expect((await host.exec("ipset", "save")).stdout).not.toMatch(/192\.0\.2\.217|5eed/);
  });

  test("probe: outbound dropping of a live firewall stays as it is, and the words tell where the packets ended", async () => {
    const firewall = firewallOn(host, { blocksOutbound: true });
    await firewall.apply([add("198.51.100.7/32"), add("2001:db8:5::/48")], running);
    await firewall.close();
    const rules = async () => (await host.exec("iptables", "-t", "raw", "-S")).stdout;
    const before = await rules();

    const { code, out, err } = await openDesk(host, { outbound: true }).run((one) =>
      firewallProbe(one, "edge-1", {}),
    );

    expect(before).toContain("-A OUTPUT -j PORTCULLIS");
    expect(await rules()).toBe(before);
    expect(err).not.toContain("repaired");
    expect(code).toBe(0);
    expect(out).toMatch(
      /^ok {3}IPv4 .* 3 of 3 were dropped.*dropped on their way out already \(outbound: true\)/m,
    );
    expect(out).toMatch(/^ok {3}IPv6 .*dropped on their way out already/m);
  });

  test("a disabled firewall is not said to be mended by anybody", async () => {
    const firewall = firewallOn(host);
    await firewall.apply([add("198.51.100.7/32")], running);
    await firewall.close();
    await host.exec("iptables", "-t", "raw", "-I", "PREROUTING", "-j", "ACCEPT");

    const { said } = await check(openDesk(host, { enabled: false }));
    await host.exec("iptables", "-t", "raw", "-D", "PREROUTING", "-j", "ACCEPT");

    expect(said["our blocks"]).toMatch(
      /^bad: packets may still pass: .* Nobody mends this while `enabled: false`/,
    );
  });

  test("probe: says it when packets would not be dropped", async () => {
    await host.exec(
      "iptables",
      "-t",
      "raw",
      "-I",
      "PREROUTING",
      "-s",
      "192.0.2.0/24",
      "-i",
      "lo",
      "-j",
      "DROP",
    );

    const { code, out } = await openDesk(host).run((one) => firewallProbe(one, "edge-1", {}));
    await host.exec(
      "iptables",
      "-t",
      "raw",
      "-D",
      "PREROUTING",
      "-s",
      "192.0.2.0/24",
      "-i",
      "lo",
      "-j",
      "DROP",
    );

    expect(out).toMatch(/^bad {2}IPv4 {2}192\.0\.2\.217\/32: .*another rule drops them$/m);
    expect(out).toMatch(/^ok {3}IPv6 /m);
    expect(code).toBe(1);
  });
});

describe.skipIf(cannot !== null)(`firewall check of hosts that lack something${title}`, () => {
  const login = { user: "portcullis", password: "correct horse" };

  function withPassword(host: FirewallHost, changes: Readonly<Record<string, unknown>> = {}): Desk {
    const desk = openDesk(host, { passwordFile: "password", ...changes });
    writeFileSync(join(desk.dir, "password"), `${login.password}\n`);
    return desk;
  }

  test("sudo: works, with advice; without it the missing line is named, and no password is shown", async () => {
    const host = await startedWith({
      login: { ...login, sudoers: "portcullis ALL=(root) NOPASSWD: /bin/sh" },
    });

    const { said, out, err } = await check(withPassword(host));
    const asRoot = await check(withPassword(host, { via: "root" }));

    expect(said["login"]).toContain("with a password");
    expect(said["rights"]).toMatch(/^warning: sudo \(Sudo version 1\S+\).*firewall install edge-1/);
    expect(asRoot.said["rights"]).toMatch(/^bad: .*not root on this host/);
    expect(out + err).not.toContain(login.password);
  });

  test("no sudo", async () => {
    const { said, code } = await check(withPassword(await startedWith({ login: { ...login, sudoers: "" } })));

    expect(said["rights"]).toMatch(/^bad: .*portcullis ALL=\(root\) NOPASSWD/);
    expect(code).toBe(1);
  });

  test("no ipset", async () => {
    const { said } = await check(
      openDesk(await startedWith({ without: ["/usr/sbin/ipset", "/usr/sbin/nft"] })),
    );

    expect(said["ipset"]).toMatch(/^warning: missing: install/);
    expect(said["way of blocking"]).toMatch(/^warning: one iptables rule per network/);
  });

  test("neither iptables nor nft", async () => {
    const { said, code } = await check(
      openDesk(await startedWith({ without: ["/usr/sbin/xtables-nft-multi", "/usr/sbin/nft"] })),
    );

    expect(said["script"]).toMatch(/^bad: .*missing on this host/);
    expect(code).toBe(1);
  });
});
