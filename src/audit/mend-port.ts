import { familiesOf, isGuarded } from "./check.ts";
import type { Fate } from "./fate.ts";
import type { Probe } from "./meets.ts";
import {
  deleteCommand,
  inSteps,
  insertCommand,
  narrowCommand,
  newInputChain,
  quoted,
  type RuleWords,
  stillThere,
} from "./mend.ts";
import type { AuditedHost } from "./read-host.ts";
import type { Family, PlacedRule } from "./rule.ts";

/** A port that is open, and by what. */
export interface OpenPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** Administrators need it: it is kept open for a network of theirs. */
  readonly isSsh: boolean;
  readonly fate: Fate & { readonly probe: Probe };
}

/**
 * The commands that close it for the families that it is open by, or keep it for ADMIN_NETWORK and ADMIN_NETWORK6; null where
 * the rule that opens it is about more.
 */
export function mendPort(host: AuditedHost, open: OpenPort, families: readonly Family[]): string | null {
  const { by } = open.fate;
  if (by === null) {
    return dropFirst(host, open, families);
  }
  const zone = /^(?:filter_)?IN_(\w+)_allow$/.exec(by.chain.name)?.[1];
  if (zone !== undefined) {
    return mendZone(host, zone, open);
  }
  if (/^ufw6?-/.test(by.chain.name)) {
    return mendUfw(host, open, by);
  }
  if (open.isSsh) {
    return isSolePort(by) ? keepForAdmins(host, by) : null;
  }
  return isSolePort(by) && isGuarded(host, open.fate.probe.family)
    ? deleteCommand(host, by)
    : dropFirst(host, open, families);
}

/** The rule is about this port and no other. */
export function isSolePort({ rule }: PlacedRule): boolean {
  const ports = rule.conditions.destinationPort;
  if (ports?.isNegated !== false || ports.of.length !== 1 || rule.text.includes(" vmap ")) {
    return false;
  }
  return ports.of.every(([from, to]) => from === to);
}

/** One for each family that the rule is about: the same one of a table for both. */
function keepForAdmins(host: AuditedHost, { chain, rule }: PlacedRule): string {
  const shared = host.chains.filter(
    (other) =>
      other.variant === chain.variant &&
      other.tableFamily === chain.tableFamily &&
      other.table === chain.table &&
      other.name === chain.name &&
      other.family !== chain.family &&
      familiesOf(host).includes(other.family) &&
      other.rules.some(({ number, text }) => number === rule.number && text === rule.text),
  );
  const words = (family: Family): RuleWords => ({
    iptables: `-s ${adminsOf(family)}`,
    nft: `${ipWord(family)} saddr ${adminsOf(family)}`,
  });
  const others = shared.map(({ family }) => words(family));
  return narrowCommand(host, { chain, rule }, [words(chain.family), ...others]);
}

/** What to put a network for. */
function adminsOf(family: Family): string {
  return family === 4 ? "ADMIN_NETWORK" : "ADMIN_NETWORK6";
}

/** Drops it ahead of the rule that lets it in, or at the end of the chain when it was the policy. */
function dropFirst(
  host: AuditedHost,
  { protocol, port, isSsh, fate }: OpenPort,
  families: readonly Family[],
): string {
  const { by, probe } = fate;
  const base = by?.chain ?? fate.base;
  const { chain, commands } =
    base === null ? newInputChain(host, probe.family) : { chain: base, commands: [] };
  const from = interfaceWords(probe);
  const sources = isSsh ? families.map(othersThanAdmins) : [nothing];
  const rules = sources.map((source) => ({
    iptables: `${from.iptables}${source.iptables}-p ${protocol} --dport ${port} -j DROP`,
    nft: `${from.nft}${source.nft}${protocol} dport ${port} drop`,
  }));
  return inSteps([
    ...commands,
    ...(by === null ? [] : stillThere(host, by)),
    ...rules.map((words) => insertCommand(host, chain, words, by?.rule.number ?? null)),
  ]);
}

const nothing: RuleWords = { iptables: "", nft: "" };

function interfaceWords({ inInterface }: Probe): RuleWords {
  return inInterface === "(any)"
    ? nothing
    : { iptables: `-i ${quoted(inInterface)} `, nft: `iifname "${inInterface}" ` };
}

function othersThanAdmins(family: Family): RuleWords {
  const admins = adminsOf(family);
  return { iptables: `! -s ${admins} `, nft: `${ipWord(family)} saddr != ${admins} ` };
}

function ipWord(family: Family): string {
  return family === 4 ? "ip" : "ip6";
}

/** ufw's own words are for both families, where it has both. Null where a new allow would come behind the deny. */
function mendUfw(host: AuditedHost, { port, protocol, isSsh }: OpenPort, by: PlacedRule): string | null {
  const { text } = by.rule;
  const verb = /ufw6?-user-limit/.test(text) ? "limit" : "allow";
  const profile = /dapp_([^' "]+)/.exec(text)?.[1]?.replaceAll("%20", " ");
  const isWhole = profile !== undefined || isSolePort(by);
  if (!isWhole) {
    return isSsh ? null : `ufw insert 1 deny ${port}/${protocol}`;
  }
  const families = familiesOf(host).filter((family) =>
    host.chains.some((chain) => chain.family === family && /^ufw6?-/.test(chain.name)),
  );
  const kept = families.map((family) => `ufw allow from ${adminsOf(family)} to any port ${port} proto tcp`);
  return inSteps([
    ...(isSsh ? kept : []),
    `ufw delete ${verb} ${profile === undefined ? `${port}/${protocol}` : quoted(profile)}`,
  ]);
}

/** A service of a zone is for both families. */
function mendZone(host: AuditedHost, zone: string, { isSsh, port, protocol }: OpenPort): string {
  const command = `firewall-cmd --permanent --zone=${zone}`;
  const kept = familiesOf(host).map((family) => {
    const rich = `rule family="ipv${family}" source address="${adminsOf(family)}" port port="${port}" protocol="tcp" accept`;
    return `${command} --add-rich-rule='${rich}'`;
  });
  return inSteps([
    ...(isSsh ? [...kept, `${command} --remove-service=ssh`] : []),
    `${command} --remove-port=${port}/${protocol}`,
    "firewall-cmd --reload",
  ]);
}
