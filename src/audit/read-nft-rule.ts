import { addUnknown, type Draft, emptyDraft } from "./draft.ts";
import { nftMatches } from "./nft-match.ts";
import type { Family, Rule, Verdict } from "./rule.ts";

/** Elements of named sets; null when they are not known. */
export type NftSets = ReadonlyMap<string, readonly string[] | null>;

export interface NftContext {
  readonly number: number;
  readonly family: Family;
  readonly sets: NftSets;
}

/**
 * One line of an nft chain, as it works for one family: none when it is for the other, several when it holds a verdict map.
 * What it can't tell the meaning of becomes a condition that is not understood.
 */
export function readNftRule(text: string, context: NftContext): readonly Rule[] {
  const plain = text.replace(/ # handle \d+$/, "").replace(/ comment "(?:\\.|[^"\\])*"/, "");
  return alternativesOf(plain)
    .map((alternative) => readAlternative(alternative, context))
    .filter((rule) => rule !== undefined)
    .map((rule) => ({ ...rule, text }));
}

/** `ct state vmap { new : accept, invalid : drop } counter` is `ct state new accept`, `ct state invalid drop` and `counter`. */
function alternativesOf(text: string): readonly string[] {
  const found = /^(.*?)(\S+(?: \S+)?) vmap \{([^}]*)\}(.*)$/.exec(text);
  if (found === null) {
    return [text];
  }
  const [, before = "", key = "", elements = "", after = ""] = found;
  const mapped = elements.split(",").map((element) => {
    const [value = "", verdict = ""] = element.split(" : ").map((part) => part.trim());
    return `${before}${key} ${value} ${verdict}`;
  });
  return after.trim() === "" ? mapped : [...mapped, `${before}${after.trim()}`];
}

const verdictPatterns: readonly (readonly [RegExp, (found: RegExpExecArray) => Verdict])[] = [
  [/^accept$/, () => ({ kind: "accept" })],
  [/^drop$/, () => ({ kind: "drop" })],
  [/^reject(?: with .*)?$/, () => ({ kind: "drop" })],
  [/^return$/, () => ({ kind: "return" })],
  [/^continue$/, () => ({ kind: "none" })],
  [/^(jump|goto) (\S+)$/, ([, kind, chain = ""]) => ({ kind: kind === "goto" ? "goto" : "jump", chain })],
  [/^dnat(?: ip6?)?(?: to (\S+))?.*$/, ([, to = ""]) => ({ kind: "destination-nat", to })],
  [/^redirect(?: to (\S+))?.*$/, ([, to = ""]) => ({ kind: "destination-nat", to })],
  [/^(?:masquerade|snat)\b.*$/, () => ({ kind: "source-nat" })],
  [/^(?:queue|tproxy|synproxy|xt target|flow add|flow offload)\b.*$/, () => ({ kind: "unsure" })],
];

/** What a rule does besides judging the packet. */
const statements: readonly RegExp[] = [
  /^counter(?: name \S+| packets \d+ bytes \d+)?(?= |$)/,
  /^log(?: (?:prefix "[^"]*"|level \S+|flags \S+|group \d+|snaplen \d+|queue-threshold \d+))*(?= |$)/,
  /^notrack(?= |$)/,
  /^(?:meta|ct) (?:mark|priority|nftrace|helper|zone) set .*?(?= (?:accept|drop|return|jump|goto|counter)\b|$)/,
  /^tcp option \S+ \S+ set .*?(?= (?:accept|drop|return|jump|goto|counter)\b|$)/,
  /^(?:add|update) @\S+ \{[^}]*timeout[^}]*\}(?= |$)/,
];

/** A line that is longer may have been cut, and its verdict with it. */
const longestLine = 1900;

function readAlternative(text: string, context: NftContext): Rule | undefined {
  const draft = emptyDraft();
  const rule = (verdict: Verdict): Rule => ({ text, number: context.number, conditions: draft, verdict });
  let rest = text.trim();
  let isLogged = false;
  while (rest !== "") {
    for (const [pattern, verdict] of verdictPatterns) {
      const found = pattern.exec(rest);
      if (found !== null) {
        return rule(verdict(found));
      }
    }
    const read = readStatement(rest) ?? readMatch(rest, draft, context);
    if (read === "other family") {
      return undefined;
    }
    isLogged ||= rest.startsWith("log");
    if (read === undefined) {
      addUnknown(draft, rest);
      if (text.length > longestLine) {
        return rule({ kind: "unsure" });
      }
      rest = lastVerdictIn(rest);
    } else {
      rest = rest.slice(read).trim();
    }
  }
  return rule({ kind: isLogged ? "log" : "none" });
}

/** How many characters the statement at the start has. */
function readStatement(rest: string): number | undefined {
  return statements.map((pattern) => pattern.exec(rest)?.[0].length).find((length) => length !== undefined);
}

function readMatch(rest: string, draft: Draft, context: NftContext): number | "other family" | undefined {
  for (const [pattern, read] of nftMatches) {
    const found = pattern.exec(rest);
    const said = found === null ? false : read({ draft, found, family: context.family, sets: context.sets });
    if (found !== null && said !== false) {
      return said === "other family" ? said : found[0].length;
    }
  }
  return undefined;
}

function lastVerdictIn(rest: string): string {
  return /\b(?:accept|drop|return|reject(?: with .*)?|(?:jump|goto) \S+)$/.exec(rest)?.[0] ?? "";
}
