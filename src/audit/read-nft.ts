import { type NftSets, readNftRule } from "./read-nft-rule.ts";
import type { BaseChain, Chain, Family, Rule } from "./rule.ts";

interface Block {
  readonly tableFamily: string;
  readonly table: string;
  readonly kind: string;
  readonly name: string;
  readonly lines: string[];
}

/** What `nft list ruleset` printed: chains, a chain of an `inet` table once for each family, and whether a flow table is in use. */
export function readNft(lines: readonly string[]): {
  readonly chains: readonly Chain[];
  readonly usesFlowTable: boolean;
} {
  const blocks = blocksOf(lines);
  const chains = blocks
    .filter(({ kind }) => kind === "chain")
    .flatMap((block) =>
      familiesOf(block.tableFamily).map((family) => chainOf(block, family, setsOf(block, blocks))),
    );
  return { chains, usesFlowTable: lines.some((line) => /\bflow (?:add|offload) @/.test(line)) };
}

function blocksOf(lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = [];
  let table: Pick<Block, "tableFamily" | "table"> = { tableFamily: "", table: "" };
  let block: Block | undefined;
  for (const line of lines.map((line) => line.trim())) {
    const opened = block === undefined ? headOf(line) : undefined;
    if (opened === undefined) {
      block?.lines.push(line);
      block = line === "}" ? undefined : block;
    } else if (opened.kind.startsWith("table")) {
      table = { tableFamily: opened.kind.slice("table ".length) || "ip", table: opened.name };
    } else {
      block = { ...table, ...opened, lines: [] };
      blocks.push(block);
    }
  }
  return blocks;
}

/** `chain input {`, `table inet filter {`. */
function headOf(line: string): Pick<Block, "kind" | "name"> | undefined {
  const [, kind, name] = /^(\S+(?: \S+)*?) (\S+) ?\{(?: #.*)?$/.exec(line) ?? [];
  return kind === undefined || name === undefined ? undefined : { kind, name };
}

function familiesOf(tableFamily: string): readonly Family[] {
  return tableFamily === "inet" ? [4, 6] : tableFamily === "ip" ? [4] : tableFamily === "ip6" ? [6] : [];
}

function setsOf(of: Block, blocks: readonly Block[]): NftSets {
  return new Map(
    blocks
      .filter(
        ({ kind, table, tableFamily }) =>
          kind === "set" && table === of.table && tableFamily === of.tableFamily,
      )
      .map(({ name, lines }) => [name, elementsOf(lines)]),
  );
}

/** Null when they are not told, or may change at any time. */
function elementsOf(lines: readonly string[]): readonly string[] | null {
  const text = lines.join(" ");
  const elements = /elements = \{([^}]*)\}/.exec(text)?.[1];
  const changes = /flags [a-z,]*(?:dynamic|timeout)/.test(text);
  return elements === undefined || changes ? null : elements.split(",").map((element) => element.trim());
}

function chainOf({ tableFamily, table, name, lines }: Block, family: Family, sets: NftSets): Chain {
  const head = lines.find((line) => /^type \S+ hook /.test(line));
  const texts = lines.filter((line) => line !== head && !/^(?:comment "[^"]*"|policy \w+;|\}|)$/.test(line));
  const rules = texts.flatMap((text, index): readonly Rule[] =>
    readNftRule(text, { number: index + 1, family, sets }),
  );
  return {
    variant: "nft",
    family,
    tableFamily,
    table,
    name,
    base: head === undefined ? null : baseOf(head),
    rules,
  };
}

const priorities: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};

function baseOf(head: string): BaseChain | null {
  const found = /^type (\S+) hook (\S+) (?:devices? .* )?priority ([a-z]*) ?([+-]? ?\d+)?;/.exec(head);
  if (found === null) {
    return null;
  }
  const [, type = "", hook = "", word = "", offset = "0"] = found;
  const priority = (priorities[word] ?? 0) + Number(offset.replaceAll(" ", ""));
  return { hook, type, priority, policy: /policy drop;/.test(head) ? "drop" : "accept" };
}
