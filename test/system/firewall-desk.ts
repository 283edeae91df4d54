import type { FirewallConfig } from "../../src/config/config.ts";
import type { IpPrefix } from "../../src/domain/ip-address.ts";
import {
  createIptablesSshFirewall,
  type IptablesSshDeps,
} from "../../src/enforce/iptables-ssh/create-iptables-ssh-firewall.ts";
import type { Firewall, FirewallChange } from "../../src/ports.ts";
import { prefix } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import type { SshFirewall } from "../fakes/ssh-firewall.ts";
import type { FirewallHost } from "./namespaces.ts";

export const running = new AbortController().signal;

/** Where to log in. */
export interface SshHost {
  readonly sshHost: string;
  readonly sshPort: number;
  readonly user: string;
  readonly privateKey: string | null;
  readonly hostKey: string;
}

export function configOf(host: SshHost, changes: Partial<FirewallConfig> = {}): FirewallConfig {
  return {
    name: "edge-1",
    host: host.sshHost,
    port: host.sshPort,
    user: host.user,
    password: null,
    privateKey: host.privateKey,
    hostKeys: [host.hostKey],
    knownHosts: null,
    via: "root",
    agent: null,
    jump: null,
    groups: [],
    isCanary: false,
    blocksOutbound: false,
    isEnabled: true,
    ...changes,
  };
}

/** How to log in to the stand-in. */
export function loginOf(host: SshFirewall): SshHost {
  return { sshHost: host.host, sshPort: host.port, user: "root", privateKey: null, hostKey: host.hostKey };
}

/** Takes everything away as a reboot would. */
export async function wipe(host: Pick<FirewallHost, "exec">): Promise<void> {
  for (const tool of ["iptables", "ip6tables"]) {
    await host.exec(tool, "-t", "raw", "-F");
    await host.exec(tool, "-t", "raw", "-X");
  }
  await host.exec("ipset", "destroy");
  await host.exec("nft", "delete", "table", "inet", "portcullis");
}

/** The firewall on this host; to be closed. */
export function firewallOn(
  host: SshHost,
  changes: Partial<FirewallConfig> = {},
  deps: Partial<IptablesSshDeps> = {},
): Firewall {
  const firewall = createIptablesSshFirewall(configOf(host, changes), {
    log: silentLog,
    neverBlock: () => [],
    ...deps,
  });
  return firewall;
}

export function add(network: string, seconds = 600): FirewallChange {
  return { kind: "add", prefix: prefix(network), seconds };
}

export function remove(network: string): FirewallChange {
  return { kind: "remove", prefix: prefix(network) };
}

/** Outcome and reason of each change. */
export async function outcomesOf(firewall: Firewall, changes: readonly FirewallChange[]) {
  const { results } = await firewall.apply(changes, running);
  return results.map(({ outcome, reason }) => (reason === "" ? outcome : `${outcome}: ${reason}`));
}

export async function networksOn(firewall: Firewall): Promise<readonly IpPrefix[]> {
  const { entries } = await firewall.read(running);
  return [...entries.keys()].sort();
}

/** So many networks of one address each. */
export function many(count: number, first = 60): readonly FirewallChange[] {
  return Array.from({ length: count }, (_, n) =>
    add(`${first + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.7/32`, 3600),
  );
}

/** What a call fails with; code `none` when it does not. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<{ code: string; message: string; retryable: boolean }> {
  try {
    await work;
  } catch (error) {
    return Object.assign({ code: "", message: "", retryable: false }, error, { message: String(error) });
  }
  return { code: "none", message: "", retryable: false };
}
