import { NodeSSH } from "node-ssh";
import { plan } from "../../src/enforce/plan.ts";
import type { Firewall } from "../../src/ports.ts";
import { firewallOn, many, running, wipe } from "../system/firewall-desk.ts";
import { type FirewallHost, startFirewallHost, systemTestsPossible } from "../system/namespaces.ts";

/** Blocks in force and read back on one real firewall, beside what a script would do; and looking at 100,000 of them. */
export async function benchFirewall(print: (line: string) => void): Promise<void> {
  const obstacle = systemTestsPossible();
  if (obstacle !== null) {
    print(`Blocks on one firewall: left out, this machine ${obstacle}`);
    return;
  }
  const host = await startFirewallHost();
  const firewall = firewallOn(host);
  try {
    print("Blocks on one firewall (real sshd, kernel), connection open; each read back from the kernel:");
    for (const count of [1, 100, 10_000, 100_000]) {
      await benchCount(host, firewall, count, print);
    }
    await benchStanding(firewall, print);
    await wipe(host);
    await benchOthers(host, print);
  } finally {
    await firewall.close();
    await host.stop();
  }
}

async function benchCount(
  host: FirewallHost,
  firewall: Firewall,
  count: number,
  print: (line: string) => void,
): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < (count > 1000 ? 3 : 15); round += 1) {
    await wipe(host);
    await firewall.apply([], running);
    const changes = many(count);
    const startedAt = performance.now();
    const { results } = await firewall.apply(changes, running);
    times.push(performance.now() - startedAt);
    mustBe(results.every(({ outcome }) => outcome === "verified"));
  }
  print(`  ${String(count).padStart(7)} blocks in force and verified: ${figure(times)}`);
}

/** With the 100,000 of the last count standing. */
async function benchStanding(firewall: Firewall, print: (line: string) => void): Promise<void> {
  const one: number[] = [];
  for (const change of many(15, 80)) {
    const startedAt = performance.now();
    const { results } = await firewall.apply([change], running);
    one.push(performance.now() - startedAt);
    mustBe(results[0]?.outcome === "verified");
  }
  print(`  one more, with 100,000 standing: ${figure(one)}`);
  const expiresAt = new Date(Date.now() + 3_600_000);
  const desired = [...many(100_000), ...many(15, 80)].map(({ prefix }) => ({ prefix, expiresAt }));
  const reads: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const startedAt = performance.now();
    const state = await firewall.read(running);
    plan(desired, state, new Date());
    reads.push(performance.now() - startedAt);
    mustBe(state.entries.size === desired.length);
  }
  print(`  read back and compare 100,000: ${figure(reads)}`);
  const rebuilds: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const all = many(100_000).filter((change) => change.kind === "add");
    const startedAt = performance.now();
    const { results } = await firewall.rebuild(all, running);
    rebuilds.push(performance.now() - startedAt);
    mustBe(results.every(({ outcome }) => outcome === "verified"));
  }
  print(`  rebuild 100,000 beside and swap: ${figure(rebuilds)}`);
}

/** What scripts do: one command per address, on one connection or on a new one each. Neither reads anything back. */
async function benchOthers(host: FirewallHost, print: (line: string) => void): Promise<void> {
  const config = {
    host: host.sshHost,
    port: host.sshPort,
    username: host.user,
    privateKey: host.privateKey ?? "",
  };
  const command = (n: number): string => `iptables -w -A INPUT -s 198.18.${n >> 8}.${n & 255} -j DROP`;
  const shared = await new NodeSSH().connect(config);
  const startedAt = performance.now();
  for (let n = 0; n < 100; n += 1) {
    mustBe((await shared.execCommand(command(n))).code === 0);
  }
  const perCommand = (performance.now() - startedAt) / 100;
  shared.dispose();
  const connectedAt = performance.now();
  for (let n = 0; n < 20; n += 1) {
    const ssh = await new NodeSSH().connect(config);
    mustBe((await ssh.execCommand(command(1000 + n))).code === 0);
    ssh.dispose();
  }
  const perConnection = (performance.now() - connectedAt) / 20;
  print(
    `  for comparison: "iptables -A" per address as one SSH command each ${perCommand.toFixed(0)} ms (mean of 100), over a new SSH connection each ${perConnection.toFixed(0)} ms (mean of 20)`,
  );
}

function figure(times: number[]): string {
  times.sort((a, b) => a - b);
  const middle = times[Math.floor(times.length / 2)] ?? Number.NaN;
  const show = (ms: number): string => (ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`);
  return `${show(middle)} (median of ${times.length}; slowest ${show(times.at(-1) ?? Number.NaN)})`;
}

function mustBe(isSo: boolean): void {
  if (!isSo) {
    throw new Error("the firewall does not hold what it was given");
  }
}
