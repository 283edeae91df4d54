import { readIptablesRule } from "./read-iptables-rule.ts";
import type { BaseChain, Chain, Family, Rule, Variant } from "./rule.ts";

/** Where the kernel enters the built-in chains, and in which order. */
const places: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  raw: { PREROUTING: -300, OUTPUT: -300 },
  mangle: { PREROUTING: -150, INPUT: -150, FORWARD: -150, OUTPUT: -150, POSTROUTING: -150 },
  nat: { PREROUTING: -100, INPUT: 100, OUTPUT: -100, POSTROUTING: 100 },
  filter: { INPUT: 0, FORWARD: 0, OUTPUT: 0 },
  security: { INPUT: 50, FORWARD: 50, OUTPUT: 50 },
};

/** The chains that `iptables-save` or `ip6tables-save` printed. */
export function readIptables(lines: readonly string[], family: Family, variant: Variant): readonly Chain[] {
  const chains: (Chain & { rules: Rule[] })[] = [];
  let table = "";
  for (const line of lines) {
    if (line.startsWith("*")) {
      table = line.slice(1).trim();
    } else if (line.startsWith(":")) {
      const [name = "", policy = "-"] = line.slice(1).split(" ");
      const base = baseOf(table, name, policy);
      chains.push({
        variant,
        family,
        tableFamily: family === 4 ? "ip" : "ip6",
        table,
        name,
        base,
        rules: [],
      });
    } else {
      const text = line.replace(/^\[\d+:\d+\] /, "");
      const name = /^-A (\S+)/.exec(text)?.[1];
      const chain = chains.findLast((chain) => chain.table === table && chain.name === name);
      chain?.rules.push(readIptablesRule(text, chain.rules.length + 1, family));
    }
  }
  return chains;
}

function baseOf(table: string, name: string, policy: string): BaseChain | null {
  const priority = places[table]?.[name];
  return priority === undefined
    ? null
    : {
        hook: name.toLowerCase(),
        type: table === "nat" ? "nat" : "filter",
        priority,
        policy: policy === "DROP" ? "drop" : "accept",
      };
}
