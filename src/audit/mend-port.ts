import { isGuarded } from "./check.ts";
import type { Fate } from "./fate.ts";
import type { Probe } from "./meets.ts";
import {
  deleteCommand,
  insertCommand,
  newInputChain,
  quoted,
  type RuleWords,
  replaceCommand,
} from "./mend.ts";
import type { AuditedHost } from "./read-host.ts";
import type { PlacedRule } from "./rule.ts";

/** A port that is open, and by what. */
export interface OpenPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** Administrators need it: it is kept open for a network of theirs. */
  readonly isSsh: boolean;
  readonly fate: Fate & { readonly probe: Probe };
}

/** The commands that close it, or keep it for ADMIN_NETWORK; null where the rule that opens it is about more. */
export function mendPort(host: AuditedHost, open: OpenPort): string | null {
  const { by } = open.fate;
  if (by === null) {
    return dropFirst(host, open, null);
  }
  const zone = /^(?:filter_)?IN_(\w+)_allow$/.exec(by.chain.name)?.[1];
  if (zone !== undefined) {
    return mendZone(zone, open);
  }
  if (/^ufw6?-/.test(by.chain.name)) {
    return mendUfw(open, by);
  }
  return open.isSsh ? keepForAdmins(host, open, by) : close(host, open, by);
}

/** The rule is about this port and no other. */
export function isSolePort({ rule }: PlacedRule): boolean {
  const ports = rule.conditions.destinationPort;
  if (ports?.isNegated !== false || ports.of.length !== 1 || rule.text.includes(" vmap ")) {
    return false;
  }
  return ports.of.every(([from, to]) => from === to);
}

function keepForAdmins(host: AuditedHost, { fate }: OpenPort, by: PlacedRule): string | null {
  return isSolePort(by)
    ? replaceCommand(host, by, {
        iptables: "-s ADMIN_NETWORK",
        nft: `${ipWord(fate.probe)} saddr ADMIN_NETWORK`,
      })
    : null;
}

function close(host: AuditedHost, open: OpenPort, by: PlacedRule): string {
  return isSolePort(by) && isGuarded(host, open.fate.probe.family)
    ? deleteCommand(host, by)
    : dropFirst(host, open, by);
}

/** Drops it ahead of the rule that lets it in, or at the end of the chain when it was the policy. */
function dropFirst(
  host: AuditedHost,
  { protocol, port, isSsh, fate }: OpenPort,
  by: PlacedRule | null,
): string {
  const base = by?.chain ?? fate.base;
  const { chain, commands } =
    base === null ? newInputChain(host, fate.probe.family) : { chain: base, commands: [] };
  const [from, source] = [interfaceWords(fate.probe), isSsh ? othersThanAdmins(fate.probe) : nothing];
  const words = {
    iptables: `${from.iptables}${source.iptables}-p ${protocol} --dport ${port} -j DROP`,
    nft: `${from.nft}${source.nft}${protocol} dport ${port} drop`,
  };
  return [...commands, insertCommand(host, chain, words, by?.rule.number ?? null)].join("\n");
}

const nothing: RuleWords = { iptables: "", nft: "" };

function interfaceWords({ inInterface }: Probe): RuleWords {
  return inInterface === "(any)"
    ? nothing
    : { iptables: `-i ${quoted(inInterface)} `, nft: `iifname "${inInterface}" ` };
}

function othersThanAdmins(probe: Probe): RuleWords {
  return { iptables: "! -s ADMIN_NETWORK ", nft: `${ipWord(probe)} saddr != ADMIN_NETWORK ` };
}

function ipWord({ family }: Probe): string {
  return family === 4 ? "ip" : "ip6";
}

function mendUfw({ port, protocol, isSsh }: OpenPort, by: PlacedRule): string {
  const { text } = by.rule;
  const verb = /ufw6?-user-limit/.test(text) ? "limit" : "allow";
  const profile = /dapp_([^' "]+)/.exec(text)?.[1]?.replaceAll("%20", " ");
  const kept = isSsh ? [`ufw allow from ADMIN_NETWORK to any port ${port} proto tcp`] : [];
  const isWhole = profile !== undefined || isSolePort(by);
  const taken = isWhole
    ? `ufw delete ${verb} ${profile === undefined ? `${port}/${protocol}` : quoted(profile)}`
    : `ufw insert 1 deny ${port}/${protocol}`;
  return [...kept, taken].join("\n");
}

function mendZone(zone: string, { isSsh, fate, port, protocol }: OpenPort): string {
  const command = `firewall-cmd --permanent --zone=${zone}`;
  const rich = `rule family="ipv${fate.probe.family}" source address="ADMIN_NETWORK" port port="${port}" protocol="tcp" accept`;
  return [
    ...(isSsh ? [`${command} --add-rich-rule='${rich}'`, `${command} --remove-service=ssh`] : []),
    `${command} --remove-port=${port}/${protocol}`,
    "firewall-cmd --reload",
  ].join("\n");
}
