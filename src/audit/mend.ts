import type { AuditedHost } from "./read-host.ts";
import type { Chain, Family, PlacedRule } from "./rule.ts";
import { wordsOf } from "./words.ts";

/** The program that changes this chain's rules; null for nft. */
export function toolFor(host: AuditedHost, chain: Pick<Chain, "family" | "variant">): string | null {
  if (chain.variant === "nft") {
    return null;
  }
  const name = chain.family === 4 ? "iptables" : "ip6tables";
  return chain.variant === "iptables-legacy" && host.facts.iptables === "iptables-nft"
    ? `${name}-legacy`
    : name;
}

/** What a rule says to each of the tools. */
export interface RuleWords {
  readonly iptables: string;
  readonly nft: string;
}

/** Puts a rule into a chain, at a number or at its end. */
export function insertCommand(
  host: AuditedHost,
  chain: Chain,
  words: RuleWords,
  number: number | null,
): string {
  const tool = toolFor(host, chain);
  if (tool !== null) {
    const where = number === null ? `-A ${quoted(chain.name)}` : `-I ${quoted(chain.name)} ${number}`;
    return `${tool}${tableOption(chain)} ${where} ${words.iptables}`;
  }
  const place = `${chain.tableFamily} ${chain.table} ${chain.name}`;
  return number === null || chain.rules.length === 0
    ? `nft ${quoted(`add rule ${place} ${words.nft}`)}`
    : `nft ${quoted(`insert rule ${place} index ${number - 1} ${words.nft}`)}`;
}

/** Takes out one rule, found by its number and what it says. */
export function deleteCommand(host: AuditedHost, { chain, rule }: PlacedRule): string {
  const tool = toolFor(host, chain);
  if (tool === null) {
    return `nft delete rule ${nftPlace(chain)} handle "$(${nftHandle({ chain, rule })})"`;
  }
  const [table, name] = [tableOption(chain), quoted(chain.name)];
  const seen = `${tool}${table} -S ${name} ${rule.number} | grep -qxF -- ${quoted(rule.text)}`;
  return `${seen} && ${tool}${table} -D ${name} ${rule.number}`;
}

/** Puts other conditions into one rule: `change` gets its words behind `-A CHAIN`. */
export function replaceCommand(host: AuditedHost, { chain, rule }: PlacedRule, added: RuleWords): string {
  const tool = toolFor(host, chain);
  if (tool === null) {
    const text = `${added.nft} ${withoutCounts(rule.text)}`;
    return `nft replace rule ${nftPlace(chain)} handle "$(${nftHandle({ chain, rule })})" ${quoted(text)}`;
  }
  const words = wordsOf(rule.text).slice(2).map(quoted).join(" ");
  return `${tool}${tableOption(chain)} -R ${quoted(chain.name)} ${rule.number} ${added.iptables} ${words}`;
}

export function policyCommand(host: AuditedHost, chain: Chain): string {
  const tool = toolFor(host, chain);
  return tool === null
    ? `nft ${quoted(`add chain ${chain.tableFamily} ${chain.table} ${chain.name} { policy drop; }`)}`
    : `${tool} -P ${chain.name} DROP`;
}

/** The chain that a host without any would be given: by iptables where it has that, else by nft. */
export function newInputChain(
  { facts }: AuditedHost,
  family: Family,
  hook = "input",
): { readonly chain: Chain; readonly commands: readonly string[] } {
  const usesNft = facts.iptables === null;
  const chain: Chain = {
    variant: facts.iptables ?? "nft",
    family,
    tableFamily: usesNft ? "inet" : family === 4 ? "ip" : "ip6",
    table: "filter",
    name: usesNft ? hook : hook.toUpperCase(),
    base: { hook, type: "filter", priority: 0, policy: "accept" },
    rules: [],
  };
  const commands = [
    "nft 'add table inet filter'",
    `nft 'add chain inet filter ${hook} { type filter hook ${hook} priority 0; policy accept; }'`,
  ];
  return { chain, commands: usesNft ? commands : [] };
}

/** A word for a shell, which takes nothing in it for a command. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$|^!$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function tableOption({ table }: Chain): string {
  return table === "filter" ? "" : ` -t ${quoted(table)}`;
}

function nftPlace({ tableFamily, table, name }: Chain): string {
  return `${tableFamily} ${quoted(table)} ${quoted(name)}`;
}

/** Prints the handle of the last rule with this text; nothing when it is gone, which makes the command fail. */
function nftHandle({ chain, rule }: PlacedRule): string {
  const program = `{ sub(/^[ \\t]+/, "") } index($0, r " # handle ") == 1 { h = $NF } END { print h }`;
  const text = withoutCounts(rule.text).replaceAll("\\", "\\\\");
  return `nft -nnsa list chain ${nftPlace(chain)} | awk -v r=${quoted(text)} '${program}'`;
}

function withoutCounts(text: string): string {
  return text.replaceAll(/counter packets \d+ bytes \d+/g, "counter");
}
