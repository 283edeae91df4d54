import type { FirewallConfig } from "../config/config.ts";
import { AppError } from "../domain/errors.ts";
import { familyOf, type IpPrefix } from "../domain/ip-address.ts";
import { chooseProbeAddresses } from "../enforce/host-check/choose-probe-addresses.ts";
import { type Probed, readProbe } from "../enforce/host-check/read-probe.ts";
import { firstOf } from "../enforce/host-check/check-item.ts";
import { tracesOf } from "../enforce/host-check/traces.ts";
import { type Inspection, inspect } from "../enforce/iptables-ssh/inspection.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import type { ScriptLink } from "../enforce/iptables-ssh/script-link.ts";
import { findFirewall, withLink } from "./firewall-link.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

/**
 * Proves on a firewall host that a block drops packets: blocks an address that belongs to nobody for some seconds, sends packets
 * from it on the host itself, and reads the kernel's counter; for IPv4 and IPv6. Exit code 1 when dropping does not work. The
 * drop rules stay as the settings want them, so that blocks in force are not touched.
 * @throws {AppError} CONFIG_INVALID, SSH_…, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED
 */
export async function firewallProbe(
  host: Host,
  name: string,
  options: { readonly json?: true },
): Promise<ExitCode> {
  const config = await readConfig(host, { writeSecrets: false });
  const firewall = findFirewall(config, name);
  host.err(`logging in to ${firewall.user}@${firewall.host}:${firewall.port} …\n`);
  const probed = await withLink(config, firewall, async (link) => {
    const inspection = await inspect(link, host.stopSignal);
    const prefixes = addressesToProbe(
      host,
      inspection,
      config.allowlist.map(({ prefix }) => prefix),
    );
    const probed = await probeEach(host, link, prefixes);
    if (tracesOf(inspection).length === 0 && tracesOf(await inspect(link, host.stopSignal)).length > 0) {
      host.err(
        `the drop rules, empty now, stay in place for the first block; \`portcullis firewall remove ${name}\` takes them out\n`,
      );
    }
    return probed;
  });
  host.out(
    options.json === true
      ? `${JSON.stringify(probed, null, 2)}\n`
      : probed.map((one) => inWords(one, firewall)).join(""),
  );
  return probed.length > 0 && probed.every(({ works }) => works) ? 0 : 1;
}

/** One of each family that can be probed; says of the other why not. */
function addressesToProbe(
  host: Host,
  inspection: Inspection,
  allowlist: readonly IpPrefix[],
): readonly IpPrefix[] {
  const free = chooseProbeAddresses(inspection, allowlist);
  const isIpv6Off = firstOf(inspection, "ip6").trim() === "1";
  return ([4, 6] as const).flatMap((family) => {
    if (family === 6 && isIpv6Off) {
      host.err("IPv6 is off on this host: not probed\n");
      return [];
    }
    const found = free.filter((prefix) => familyOf(prefix) === family);
    if (found.length === 0) {
      host.err(
        `IPv${family} can't be probed: every documentation address is used there or on the allow-list\n`,
      );
    }
    return found;
  });
}

async function probeEach(
  host: Host,
  link: ScriptLink,
  prefixes: readonly IpPrefix[],
): Promise<readonly Probed[]> {
  const probed: Probed[] = [];
  for (const prefix of prefixes) {
    host.err(`sending packets from ${prefix} on the host itself, before and after blocking it …\n`);
    const first = await probe(host, link, prefix);
    // A busy host may lose a packet, and what proves nothing is worth another try.
    const isUnsure = first.passedBefore < first.sent;
    probed.push(isUnsure ? await probe(host, link, prefix) : first);
  }
  return probed;
}

async function probe(host: Host, link: ScriptLink, prefix: IpPrefix): Promise<Probed> {
  try {
    const answer = await link.ask({ lines: [`probe ${prefix}`], isLarge: false }, host.stopSignal);
    const lines = answer.map(printable);
    host.err(lines.flatMap((line) => (line.startsWith("repaired ") ? `${line}\n` : "")).join(""));
    return readProbe(prefix, lines);
  } catch (error) {
    // The other family is still worth knowing; a lost connection is not about this one.
    if (error instanceof AppError && error.code === "FIREWALL_COMMAND_FAILED") {
      return { prefix, works: false, sent: 0, passedBefore: 0, dropped: 0, why: printable(error.message) };
    }
    throw error;
  }
}

function inWords(
  { prefix, works, sent, passedBefore, dropped, why }: Probed,
  { name, blocksOutbound }: FirewallConfig,
): string {
  const family = `IPv${familyOf(prefix)}`;
  if (why !== "") {
    return `${works ? "ok " : "bad"}  ${family}  ${prefix}: ${why}\n`;
  }
  // The host sends them to itself, so with `outbound: true` they end before they could come in.
  const where = blocksOutbound
    ? ` They were dropped on their way out already (outbound: true); that what comes in meets the same list is read by \`portcullis firewall check ${name}\`.`
    : "";
  return `ok   ${family}  ${prefix}: ${passedBefore} of ${sent} packets passed before; blocked, ${dropped} of ${sent} were dropped: the kernel's counter says ${dropped}.${where} Block and address are gone again\n`;
}
