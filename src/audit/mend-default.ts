import { worldOf } from "./check.ts";
import { type Fate, fateOf } from "./fate.ts";
import type { Probe } from "./meets.ts";
import { deleteCommand, insertCommand, newInputChain, policyCommand, type RuleWords } from "./mend.ts";
import { type AuditedHost, strangerProbe } from "./read-host.ts";
import type { Chain, Family } from "./rule.ts";

/** Makes the default for packets to this host to drop: first what must go on working, then the policy. */
export function mendInput(host: AuditedHost, family: Family, fate: Fate): string | null {
  const { managers } = host.facts;
  if (managers.includes("ufw")) {
    const allowed = host.sshPorts.map((port) => `ufw allow ${port}/tcp`);
    return [...allowed, "ufw default deny incoming", "ufw reload"].join("\n");
  }
  if (managers.includes("firewalld") || fate.by?.chain.base === null) {
    return null;
  }
  const { chain, commands } = chainOf(host, family, fate);
  const number = fate.by?.rule.number ?? null;
  const missing = neededRules(host, family, chain, number);
  return [
    ...commands,
    ...inOrder(missing, number).map((words) => insertCommand(host, chain, words, number)),
    ...deleteMoved(host, fate, missing.length),
    ...(chain.base?.policy === "drop" ? [] : [policyCommand(host, chain)]),
  ].join("\n");
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
  return [
    ...commands,
    ...inOrder(rules, number).map((words) => insertCommand(host, chain, words, number)),
  ].join("\n");
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

/**
 * What the chain must accept before its policy may be to drop: loopback, replies, this program's own way in, what IPv6 itself
 * needs. Without the rule of this number, which is to go.
 */
function neededRules(
  host: AuditedHost,
  family: Family,
  chain: Chain,
  without: number | null,
): readonly RuleWords[] {
  const closed: Chain = {
    ...chain,
    rules: chain.rules.filter(({ number }) => number !== without),
    base: chain.base === null ? null : { ...chain.base, policy: "drop" },
  };
  const chains = [...host.chains.filter((other) => other !== chain), closed];
  const inInterface = worldOf(host)[0] ?? "";
  return needs(host, family === 6 || chain.tableFamily === "inet")
    .filter(
      ([changes]) =>
        fateOf(strangerProbe(host, family, { inInterface, ...changes }), chains).verdict !== "accept",
    )
    .map(([, words]) => words);
}

function needs(host: AuditedHost, hasIpv6: boolean): readonly (readonly [Partial<Probe>, RuleWords])[] {
  const established = {
    iptables: "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    nft: "ct state established,related accept",
  };
  const icmp = { iptables: "-p ipv6-icmp -j ACCEPT", nft: "meta l4proto ipv6-icmp accept" };
  return [
    [
      { inInterface: "lo", destinations: [] },
      { iptables: "-i lo -j ACCEPT", nft: 'iifname "lo" accept' },
    ],
    [{ state: "ESTABLISHED" }, established],
    ...(hasIpv6 ? [[{ protocol: "ipv6-icmp", state: "UNTRACKED" }, icmp] as const] : []),
    ...host.sshPorts.map(
      (port) =>
        [
          { port },
          { iptables: `-p tcp --dport ${port} -j ACCEPT`, nft: `tcp dport ${port} accept` },
        ] as const,
    ),
  ];
}
