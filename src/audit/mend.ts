import type { AuditedHost } from "./read-host.ts";
import type { Chain, Family, PlacedRule, Rule } from "./rule.ts";
import { wordsOf } from "./words.ts";

/** The program that changes this chain's rules, told to wait while another one does; null for nft. */
export function toolFor(host: AuditedHost, chain: Pick<Chain, "family" | "variant">): string | null {
  if (chain.variant === "nft") {
    return null;
  }
  const name = chain.family === 4 ? "iptables" : "ip6tables";
  const isOther = chain.variant === "iptables-legacy" && host.facts.iptables === "iptables-nft";
  return `${isOther ? `${name}-legacy` : name} -w 5`;
}

/** Commands each of which runs only when the one before it succeeded. */
export function inSteps(commands: readonly string[]): string {
  return commands.join(" && \\\n");
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

/** Fails when the rule of this number does not say this any more. None for nft, where rules are found by what they say. */
export function stillThere(host: AuditedHost, { chain, rule }: PlacedRule): readonly string[] {
  const tool = toolFor(host, chain);
  return tool === null
    ? []
    : [
        `${tool}${tableOption(chain)} -S ${quoted(chain.name)} ${rule.number} | grep -qxF -- ${quoted(rule.text)}`,
      ];
}

/** Takes out one rule, found by its number and what it says; only while the rule that it is idle `behind` is there, too. */
export function deleteCommand(
  host: AuditedHost,
  { chain, rule }: PlacedRule,
  behind: Rule | null = null,
): string {
  const tool = toolFor(host, chain);
  if (tool === null) {
    return `nft delete rule ${nftPlace(chain)} handle "$(${nftHandle({ chain, rule }, behind)})"`;
  }
  return inSteps([
    ...(behind === null ? [] : stillThere(host, { chain, rule: behind })),
    ...stillThere(host, { chain, rule }),
    `${tool}${tableOption(chain)} -D ${quoted(chain.name)} ${rule.number}`,
  ]);
}

/** Puts other conditions into one rule. With several, which only nft has for one rule, it becomes as many rules. */
export function narrowCommand(
  host: AuditedHost,
  { chain, rule }: PlacedRule,
  [first, ...others]: readonly [RuleWords, ...RuleWords[]],
): string {
  const tool = toolFor(host, chain);
  if (tool !== null) {
    const words = wordsOf(rule.text).slice(2).map(quoted).join(" ");
    const change = `${tool}${tableOption(chain)} -R ${quoted(chain.name)} ${rule.number} ${first.iptables} ${words}`;
    return inSteps([...stillThere(host, { chain, rule }), change]);
  }
  const place = `${nftPlace(chain)} handle "$(${nftHandle({ chain, rule }, null)})"`;
  const text = ({ nft }: RuleWords): string => quoted(`${nft} ${withoutCounts(rule.text)}`);
  return inSteps([
    ...others.map((words) => `nft insert rule ${place} ${text(words)}`),
    `nft replace rule ${place} ${text(first)}`,
  ]);
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

/**
 * Prints the handle of the last rule with this text, and with `behind` only when another rule with that text comes before it;
 * else nothing, which makes the command fail.
 */
function nftHandle({ chain, rule }: PlacedRule, behind: Rule | null): string {
  const word = (text: string): string => quoted(withoutCounts(text).replaceAll("\\", "\\\\"));
  const seen = behind === null ? "" : `index($0, b " # handle ") == 1 && !s { s = 1; next } !s { next } `;
  const program = `{ sub(/^[ \\t]+/, "") } ${seen}index($0, r " # handle ") == 1 { h = $NF } END { print h }`;
  const texts = `${behind === null ? "" : `-v b=${word(behind.text)} `}-v r=${word(rule.text)}`;
  return `nft -nnsa list chain ${nftPlace(chain)} | awk ${texts} '${program}'`;
}

function withoutCounts(text: string): string {
  return text.replaceAll(/counter packets \d+ bytes \d+/g, "counter");
}
