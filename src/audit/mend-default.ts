import type { Fate } from "./fate.ts";
import { type Closing, closedPorts, neededRules } from "./keep-open.ts";
import type { Probe } from "./meets.ts";
import {
  deleteCommand,
  inSteps,
  insertCommand,
  newInputChain,
  policyCommand,
  type RuleWords,
  stillThere,
} from "./mend.ts";
import type { AuditedHost } from "./read-host.ts";
import type { Family } from "./rule.ts";

export interface DefaultMend {
  readonly fix: string | null;
  /** What else listens and is closed by it, as `tcp 443`. */
  readonly closes: readonly string[];
}

/** Makes the default for packets to this host to drop: first what must go on working, then the policy. No fix where it may lock out. */
export function mendInput(host: AuditedHost, family: Family, fate: Fate): DefaultMend {
  const { managers } = host.facts;
  const isOfUfw = managers.includes("ufw");
  const isElsewhere = fate.by?.chain.base === null;
  if (host.sshPorts.length === 0 || (!isOfUfw && (managers.includes("firewalld") || isElsewhere))) {
    return { fix: null, closes: [] };
  }
  const { chain, commands } = chainOf(host, family, fate);
  const closing = { chain, family, without: isElsewhere ? null : (fate.by?.rule.number ?? null) };
  const fix = isOfUfw ? mendUfwDefault(host) : [...commands, ...closingCommands(host, fate, closing)];
  return { fix: inSteps(fix), closes: closedPorts(host, closing) };
}

function mendUfwDefault({ sshPorts }: AuditedHost): readonly string[] {
  return [...sshPorts.map((port) => `ufw allow ${port}/tcp`), "ufw default deny incoming", "ufw reload"];
}

function closingCommands(host: AuditedHost, fate: Fate, closing: Closing): readonly string[] {
  const { chain, without } = closing;
  const missing = neededRules(host, closing);
  return [
    ...(fate.by === null ? [] : stillThere(host, fate.by)),
    ...inOrder(missing, without).map((words) => insertCommand(host, chain, words, without)),
    ...deleteMoved(host, fate, missing.length),
    ...(chain.base?.policy === "drop" ? [] : [policyCommand(host, chain)]),
  ];
}

/** Lets nothing new in from the world, and leaves alone what goes out. */
export function mendForward(
  host: AuditedHost,
  family: Family,
  fate: Fate & { readonly probe: Probe },
): string | null {
  const world = fate.probe.inInterface;
  const isManaged = host.facts.managers.some((name) => name === "ufw" || name === "firewalld");
  if (isManaged || world === "(any)") {
    return null;
  }
  const { chain, commands } = chainOf(host, family, fate, "forward");
  // Ahead of the rule that lets everything in, and where that is in another chain, ahead of all.
  const number = fate.by === null ? null : fate.by.chain.base === null ? 1 : fate.by.rule.number;
  const rules: readonly RuleWords[] = [
    {
      iptables: `-i ${world} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
      nft: `iifname "${world}" ct state established,related accept`,
    },
    { iptables: `-i ${world} -j DROP`, nft: `iifname "${world}" drop` },
  ];
  return inSteps([
    ...commands,
    ...(fate.by === null ? [] : stillThere(host, fate.by)),
    ...inOrder(rules, number).map((words) => insertCommand(host, chain, words, number)),
  ]);
}

function chainOf(
  host: AuditedHost,
  family: Family,
  { base }: Fate,
  hook = "input",
): ReturnType<typeof newInputChain> {
  return base === null ? newInputChain(host, family, hook) : { chain: base, commands: [] };
}

/** What is put in at one and the same number comes in backwards. */
function inOrder(rules: readonly RuleWords[], number: number | null): readonly RuleWords[] {
  return number === null ? rules : rules.toReversed();
}

/** The rule that accepts everything has moved back by the rules that were put in before it. */
function deleteMoved(host: AuditedHost, { by }: Fate, places: number): readonly string[] {
  return by === null
    ? []
    : [deleteCommand(host, { chain: by.chain, rule: { ...by.rule, number: by.rule.number + places } })];
}
