import { onTestFinished } from "vitest";
import type { FirewallConfig } from "../../src/config/config.ts";
import type { IptablesSshDeps } from "../../src/enforce/iptables-ssh/create-iptables-ssh-firewall.ts";
import type { Firewall } from "../../src/ports.ts";
import { type SshFirewall, type SshFirewallOptions, startSshFirewall } from "../fakes/ssh-firewall.ts";
import { firewallOn, loginOf } from "./firewall-desk.ts";

/** No test waits long for a host that is silent on purpose. */
export const quick = { timeouts: { connectMs: 1000, silenceMs: 500 } };

/** Closed after the test. */
export function closing(firewall: Firewall): Firewall {
  onTestFinished(() => firewall.close());
  return firewall;
}

/** Stopped after the test. */
export async function standIn(options: SshFirewallOptions = {}): Promise<SshFirewall> {
  const host = await startSshFirewall(options);
  onTestFinished(() => host.stop());
  return host;
}

/** The firewall on a stand-in, by its password. */
export function openOn(
  host: SshFirewall,
  changes: Partial<FirewallConfig> = {},
  deps: Partial<IptablesSshDeps> = {},
): Firewall {
  return closing(firewallOn(loginOf(host), { password: "secret", ...changes }, { ...quick, ...deps }));
}
