import { type ChildProcess, execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Firewall } from "../../src/ports.ts";
import { type Attacker, startAgents } from "./attacker.ts";
import { add, firewallOn, outcomesOf, remove, wipe } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const run = promisify(execFile);
const skipped = skipSystemTests();

/** A container behind the firewall host: reached by its own address, and by a published port of the host. */
const container = { v4: "172.30.0.2", v6: "2001:db8:0:2::2" };

describe.skipIf(skipped !== null).each([
  ["ipset and iptables", []],
  ["iptables alone", ["/usr/sbin/ipset", "/usr/sbin/nft"]],
  ["nft", ["/usr/sbin/ipset"]],
])("traffic through the host, with %s", (_what, without) => {
  let host: FirewallHost;
  let name: string;
  let firewall: Firewall;
  let routed: Attacker;
  let agents: readonly ChildProcess[];

  beforeAll(async () => {
    host = await startFirewallHost({ without });
    name = host.namespace.replace(/f$/, "c");
    const attackerNamespace = host.namespace.replace(/f$/, "a");
    await connect(host.namespace, name, attackerNamespace);
    firewall = firewallOn(host, { blocksOutbound: true });
    const behind = await startAgents(name, attackerNamespace, container);
    routed = behind.attacker;
    agents = behind.agents;
  });
  afterAll(async () => {
    await firewall.close();
    for (const agent of agents) {
      agent.kill("SIGKILL");
    }
    spawnSync("ip", ["netns", "del", name]);
    await host.stop();
  });

  test.each([
    ["IPv4", () => host.attacker.v4[0], "32"],
    ["IPv6", () => host.attacker.v6[0], "128"],
  ])("%s to the container's own address stops, and open sessions are cut", async (_family, from, bits) => {
    await wipe(host);
    // The first packet has to find its way to the neighbours.
    await expect.poll(() => routed.ping(from()), { timeout: 5000 }).toBe(true);
    const session = await routed.open(from());
    expect(await session?.say()).toBe(true);

    expect(await outcomesOf(firewall, [add(`${from()}/${bits}`)])).toEqual(["verified"]);

    expect(await routed.ping(from())).toBe(false);
    expect(await session?.say()).toBe(false);
    expect(await routed.ping(host.attacker.v4[1])).toBe(true);
    await outcomesOf(firewall, [remove(`${from()}/${bits}`)]);
    expect(await routed.ping(from())).toBe(true);
  });

  test("a published port, as Docker makes one, is covered", async () => {
    await wipe(host);
    const [from] = host.attacker.v4;
    const toPort = ["-i", "wan", "-p", "udp", "--dport", "7777", "-j"];
    // The host itself does not answer: only the container is left to.
    await host.exec("iptables", "-A", "INPUT", ...toPort, "DROP");
    expect(await host.attacker.ping(from)).toBe(false);
    const dnat = [...toPort, "DNAT", "--to-destination", `${container.v4}:7777`];
    await host.exec("iptables", "-t", "nat", "-A", "PREROUTING", ...dnat);
    expect(await host.attacker.ping(from)).toBe(true);

    await outcomesOf(firewall, [add(`${from}/32`)]);

    expect(await host.attacker.ping(from)).toBe(false);
    expect(await host.attacker.ping(host.attacker.v4[1])).toBe(true);
    await host.exec("iptables", "-t", "nat", "-F");
    await host.exec("iptables", "-F", "INPUT");
  });

  test("what the container sends to a blocked address stops, where outbound is on", async () => {
    await wipe(host);
    const [to, other] = host.attacker.v4;
    expect(pingsFrom(name, to)).toBe(true);

    await outcomesOf(firewall, [add(`${to}/32`)]);

    expect(pingsFrom(name, to)).toBe(false);
    expect(pingsFrom(host.namespace, to)).toBe(false);
    expect(pingsFrom(name, other)).toBe(true);
  });
});

async function connect(host: string, container_: string, attacker: string): Promise<void> {
  const commands = [
    ["netns", "add", container_],
    ["-n", host, "link", "add", "dock", "type", "veth", "peer", "name", "eth0", "netns", container_],
    ["-n", host, "addr", "add", "172.30.0.1/16", "dev", "dock"],
    ["-n", host, "addr", "add", "2001:db8:0:2::1/64", "dev", "dock", "nodad"],
    ["-n", host, "link", "set", "dock", "up"],
    ["-n", container_, "link", "set", "lo", "up"],
    ["-n", container_, "addr", "add", `${container.v4}/16`, "dev", "eth0"],
    ["-n", container_, "addr", "add", `${container.v6}/64`, "dev", "eth0", "nodad"],
    ["-n", container_, "link", "set", "eth0", "up"],
    ["-n", container_, "route", "add", "default", "via", "172.30.0.1"],
    ["-n", container_, "-6", "route", "add", "default", "via", "2001:db8:0:2::1"],
    ["-n", attacker, "route", "add", "172.30.0.0/16", "via", "203.0.113.1"],
    ["-n", attacker, "-6", "route", "add", "2001:db8:0:2::/64", "via", "2001:db8:0:1::1"],
    ["netns", "exec", host, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"],
  ];
  for (const command of commands) {
    await run("ip", command);
  }
}

function pingsFrom(namespace: string, to: string): boolean {
  return spawnSync("ip", ["netns", "exec", namespace, "ping", "-c", "1", "-W", "1", to]).status === 0;
}
