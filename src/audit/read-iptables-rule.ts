import {
  addUnknown,
  choice,
  choiceOf,
  type Draft,
  emptyDraft,
  network,
  portRange,
  protocolName,
  setOnce,
} from "./draft.ts";
import { iptablesMatch } from "./iptables-match.ts";
import type { Conditions, Family, Rule, Verdict } from "./rule.ts";
import { wordsOf } from "./words.ts";

interface Option {
  readonly name: string;
  readonly values: readonly string[];
  readonly isNegated: boolean;
}

/** One line `-A CHAIN …` of iptables-save. What it can't tell the meaning of becomes a condition that is not understood. */
export function readIptablesRule(text: string, number: number, family: Family): Rule {
  const options = optionsOf(wordsOf(text).slice(2));
  const at = options.findIndex(({ name }) => name === "-j" || name === "-g");
  const [target, ...itsOptions] = at < 0 ? [] : options.slice(at);
  return {
    text,
    number,
    conditions: conditionsOf(at < 0 ? options : options.slice(0, at), family),
    verdict: target === undefined ? { kind: "none" } : verdictOf(target, itsOptions),
  };
}

function conditionsOf(options: readonly Option[], family: Family): Conditions {
  const draft = emptyDraft();
  const ofModules = new Map<string, Option[]>();
  let module = "";
  for (const option of options) {
    if (option.name === "-m") {
      module = option.values[0] ?? "";
      ofModules.set(module, ofModules.get(module) ?? []);
    } else if (!readPlain(draft, option, family)) {
      ofModules.set(module, [...(ofModules.get(module) ?? []), option]);
    }
  }
  for (const [name, its] of ofModules) {
    readModule(draft, name, its);
  }
  return draft;
}

function optionsOf(words: readonly string[]): readonly Option[] {
  const options: { name: string; values: string[]; isNegated: boolean }[] = [];
  let isNegated = false;
  for (const word of words) {
    const last = options.at(-1);
    if (word === "!") {
      isNegated = true;
    } else if (/^--?[a-z]/i.test(word)) {
      options.push({ name: word, values: [], isNegated });
      isNegated = false;
    } else {
      last?.values.push(word);
    }
  }
  return options;
}

type Reader = (draft: Draft, texts: readonly string[], isNegated: boolean, family: Family) => boolean;

const ports =
  (key: "sourcePort" | "destinationPort"): Reader =>
  (draft, texts, isNegated) =>
    set(draft, key, choiceOf(texts, isNegated, portRange));
const addresses =
  (key: "source" | "destination"): Reader =>
  (draft, texts, isNegated) => {
    const isAny = !isNegated && texts.every((text) => text.endsWith("/0"));
    return isAny || set(draft, key, choiceOf(texts, isNegated, network));
  };
const names =
  (key: "inInterface" | "outInterface" | "state"): Reader =>
  (draft, texts, isNegated) =>
    set(draft, key, choice(isNegated, texts));
const icmp: Reader = (draft, texts, isNegated) =>
  texts[0] === "any" || set(draft, "icmpType", choice(isNegated, texts.map(icmpNumber)));
const skip: Reader = () => true;

const plain: Readonly<Record<string, Reader>> = {
  "-s": addresses("source"),
  "-d": addresses("destination"),
  "-i": names("inInterface"),
  "-o": names("outInterface"),
  "-p": (draft, texts, isNegated) =>
    texts[0] === "all" || set(draft, "protocol", choice(isNegated, texts.map(protocolName))),
  "--sport": ports("sourcePort"),
  "--sports": ports("sourcePort"),
  "--dport": ports("destinationPort"),
  "--dports": ports("destinationPort"),
  "--state": names("state"),
  "--ctstate": names("state"),
  "--icmp-type": icmp,
  "--icmpv6-type": icmp,
  "--comment": skip,
  "-c": skip,
};

/** False when the option is none of the plain ones, or its values can't be read. */
function readPlain(draft: Draft, { name, values, isNegated }: Option, family: Family): boolean {
  const texts = (values[0] ?? "").split(",");
  return plain[name]?.(draft, name === "--comment" ? [] : texts, isNegated, family) ?? false;
}

function set<Key extends Parameters<typeof setOnce>[1]>(
  draft: Draft,
  key: Key,
  value: Draft[Key] | undefined,
): boolean {
  if (value === undefined) {
    return false;
  }
  setOnce(draft, key, value);
  return true;
}

function icmpNumber(name: string): string {
  return icmpNumbers[name] ?? name;
}

const icmpNumbers: Readonly<Record<string, string>> = {
  "echo-request": "8",
  "neighbour-solicitation": "135",
  "neighbor-solicitation": "135",
  "neighbour-advertisement": "136",
  "neighbor-advertisement": "136",
  "router-solicitation": "133",
  "router-advertisement": "134",
};

/** Modules that stand for options which are plain. */
const carriers = new Set([
  "tcp",
  "udp",
  "icmp",
  "icmp6",
  "icmpv6",
  "multiport",
  "comment",
  "state",
  "conntrack",
  "",
]);

function readModule(draft: Draft, name: string, options: readonly Option[]): void {
  if (options.length === 0 && carriers.has(name)) {
    return;
  }
  const text = [name, ...options.map((option) => written(option))].join(" ");
  const known = iptablesMatch(name, options);
  if (known === undefined) {
    addUnknown(draft, text);
  } else {
    draft.others = [...draft.others, { text, isUnderstood: true, ...known }];
  }
}

function written({ name, values, isNegated }: Option): string {
  return `${isNegated ? "! " : ""}${name} ${values.join(" ")}`.trim();
}

/** Targets after which the packet goes on. */
const passing =
  /^(?:MARK|CONNMARK|CT|NOTRACK|TCPMSS|TTL|HL|DSCP|TOS|CLASSIFY|SET|TRACE|AUDIT|SECMARK|CONNSECMARK|CHECKSUM|TEE|RATEEST|IDLETIMER|LED|ECN)$/;

const verdicts: Readonly<Record<string, Verdict>> = {
  ACCEPT: { kind: "accept" },
  DROP: { kind: "drop" },
  REJECT: { kind: "drop" },
  TARPIT: { kind: "drop" },
  RETURN: { kind: "return" },
  LOG: { kind: "log" },
  NFLOG: { kind: "log" },
  ULOG: { kind: "log" },
  MASQUERADE: { kind: "source-nat" },
  SNAT: { kind: "source-nat" },
  NETMAP: { kind: "unsure" },
  DNAT: { kind: "destination-nat", to: "" },
  REDIRECT: { kind: "destination-nat", to: "" },
};

function verdictOf({ name, values }: Option, options: readonly Option[]): Verdict {
  const target = values[0] ?? "";
  const known = verdicts[target];
  if (known !== undefined) {
    return known.kind === "destination-nat" ? { kind: known.kind, to: destinationOf(options) } : known;
  }
  if (passing.test(target)) {
    return { kind: "none" };
  }
  return /^(?:NFQUEUE|QUEUE|TPROXY|SYNPROXY|FLOWOFFLOAD)$/.test(target)
    ? { kind: "unsure" }
    : { kind: name === "-g" ? "goto" : "jump", chain: target };
}

function destinationOf(options: readonly Option[]): string {
  const said = (name: string): string | undefined =>
    options.find((option) => option.name === name)?.values[0];
  const port = said("--to-ports");
  return said("--to-destination") ?? (port === undefined ? "" : `:${port}`);
}
