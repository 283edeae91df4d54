import {
  addOther,
  choice,
  choiceOf,
  type Draft,
  network,
  portRange,
  protocolName,
  setOnce,
} from "./draft.ts";
import type { Family, Likelihood } from "./rule.ts";

export interface NftMatch {
  readonly draft: Draft;
  readonly found: RegExpExecArray;
  readonly family: Family;
  readonly sets: ReadonlyMap<string, readonly string[] | null>;
}

/** False: it can't be read. */
type Reader = (match: NftMatch) => true | false | "other family";

const value = String.raw`( !=| ==| !)? (?!\.)(\{[^}]*\}|@\S+|"[^"]*"|[^\s{<>&|]+)(?= |$)`;

/** What stands at the start of an nft expression, and what it means. */
export const nftMatches: readonly (readonly [RegExp, Reader])[] = [
  [new RegExp(`^ct state${value}`), readState],
  [new RegExp(`^(?:meta )?iif(?:name)?${value}`), readInterface("inInterface")],
  [new RegExp(`^(?:meta )?oif(?:name)?${value}`), readInterface("outInterface")],
  [new RegExp(`^ip saddr${value}`), ofFamily(4, readAddress("source"))],
  [new RegExp(`^ip daddr${value}`), ofFamily(4, readAddress("destination"))],
  [new RegExp(`^ip6 saddr${value}`), ofFamily(6, readAddress("source"))],
  [new RegExp(`^ip6 daddr${value}`), ofFamily(6, readAddress("destination"))],
  [new RegExp(`^ip protocol${value}`), ofFamily(4, readProtocol)],
  [new RegExp(`^ip6 nexthdr${value}`), ofFamily(6, readProtocol)],
  [new RegExp(`^meta l4proto${value}`), readProtocol],
  [/^meta (?:nfproto|protocol) (?:ipv4|ip|2|0x0800|2048)(?= |$)/, ofFamily(4, () => true)],
  [/^meta (?:nfproto|protocol) (?:ipv6|ip6|10|0x86dd|34525)(?= |$)/, ofFamily(6, () => true)],
  [new RegExp(`^(tcp|udp|sctp|udplite|th) (d|s)port${value}`), readPort],
  [new RegExp(`^icmp type${value}`), ofFamily(4, readIcmp("icmp"))],
  [new RegExp(`^icmpv6 type${value}`), ofFamily(6, readIcmp("ipv6-icmp"))],
  [/^limit rate (?:over )?\S+(?: \S*bytes\/\S+)?(?: burst \d+ \S+)?(?= |$)/, stranger(rated, true)],
  [/^ct count (?:over )?\d+(?= |$)/, stranger(rated, true)],
  [/^(?:(?:add|update) @\S+|meter \S+) \{.*\}(?= |$)/, stranger(rated, true)],
  [/^ct status( !=)? (\S+)(?= |$)/, stranger(([, not]) => (not === undefined ? "no" : "yes"))],
  [
    /^fib saddr \. .*?oif( !=)? (\S+)(?= |$)/,
    stranger(([, not, what]) => ((what === "exists") === (not === undefined) ? "yes" : "no")),
  ],
  [
    /^fib daddr(?: \. iif)? type( !=)? (\{[^}]*\}|\S+)(?= |$)/,
    stranger(([, not, what = ""]) => (/\b(?:local|2)\b/.test(what) === (not === undefined) ? "yes" : "no")),
  ],
  [
    /^(?:meta )?pkttype( !=)? (\{[^}]*\}|\S+)(?= |$)/,
    stranger(([, not, what = ""]) =>
      /\b(?:host|unicast|0)\b/.test(what) === (not === undefined) ? "yes" : "no",
    ),
  ],
  [/^(?:meta|ct) mark( !=)? (\S+)(?= |$)/, stranger(([, not]) => (not === undefined ? "no" : "yes"))],
  [
    /^tcp flags( !=)? (\S+) \/ (\S+)(?= |$)/,
    tcpFlags(([, not, set = "", mask = ""]) => ((syn & bits(mask)) === bits(set)) === (not === undefined)),
  ],
  [
    /^tcp flags & (\([^)]*\)|\S+) (==|!=) (\([^)]*\)|\S+)(?= |$)/,
    tcpFlags(([, mask = "", sign, set = ""]) => ((syn & bits(mask)) === bits(set)) === (sign === "==")),
  ],
  [/^tcp flags ! (\S+)(?= |$)/, tcpFlags(([, mask = ""]) => (syn & bits(mask)) === 0)],
  [
    /^tcp flags (==|!=) ([\w,|]+)(?= |$)/,
    tcpFlags(([, sign, set = ""]) => (bits(set) === syn) === (sign === "==")),
  ],
  [/^tcp flags ([\w,|]+)(?= |$)/, tcpFlags(([, set = ""]) => (syn & bits(set)) !== 0)],
  [/^icmpv6 type \. icmpv6 code \{([^}]*)\}(?= |$)/, ofFamily(6, readTypesAndCodes)],
  [
    /^(?:socket|ct helper|iifkind|iifgroup|rt|exthdr) .*?(?= (?:accept|drop|return|reject|jump|goto|counter|log|limit)\b|$)/,
    stranger(() => "no"),
  ],
  [
    /^(?:numgen|jhash|symhash) .*?(?= (?:accept|drop|return|reject|jump|goto|counter|log|limit)\b|$)/,
    stranger(() => "maybe", true),
  ],
  [
    new RegExp(
      `^(?:ip6? (?:hoplimit|ttl|length|dscp|version|id|ecn|flowlabel|hdrlength)|meta (?:length|cpu|time|day|hour|priority|skuid|skgid|cgroup)|ct (?:direction|zone|bytes|packets|label|expiration)|tcp option \\S+ \\S+|(?:tcp|udp) \\w+|osf name)(?: [<>]=?)?${value}`,
    ),
    stranger(() => "maybe"),
  ],
  [
    /^(?:ip6? saddr \. .*?|\S+ \S+(?: \. \S+ \S+)*? \. ip6? saddr(?: \. \S+ \S+)*?)( !=)? (?:\{[^}]*\}|@\S+)(?= |$)/,
    stranger(([, not]) => (not === undefined ? "no" : "yes")),
  ],
];

function ofFamily(family: Family, read: Reader): Reader {
  return (match) => (match.family === family ? read(match) : "other family");
}

function stranger(likelihood: (found: RegExpExecArray) => Likelihood, hasMemory = false): Reader {
  return ({ draft, found }) => {
    addOther(draft, { text: found[0], forStranger: likelihood(found), hasMemory });
    return true;
  };
}

/** Strangers begin below every rate. */
function rated([text]: RegExpExecArray): Likelihood {
  return text.includes(" over ") ? "known" : "limit";
}

/** The texts of a value; a named set is replaced by its elements. */
function textsOf(text: string, sets: NftMatch["sets"]): readonly string[] | null {
  if (text.startsWith("@")) {
    return sets.get(text.slice(1)) ?? null;
  }
  const inner = text.startsWith("{") ? text.slice(1, -1).split(",") : [text];
  return inner.map((part) => part.trim().replaceAll('"', ""));
}

/** Reads operator and value, the last two groups of the pattern. */
function valueOf({ found, sets }: NftMatch): {
  readonly isNegated: boolean;
  readonly texts: readonly string[] | null;
} {
  return {
    isNegated: /!/.test(found.at(-2) ?? ""),
    texts: textsOf(found.at(-1) ?? "", sets),
  };
}

const states: Readonly<Record<string, string>> = {
  "0x1": "INVALID",
  "0x2": "ESTABLISHED",
  "0x4": "RELATED",
  "0x8": "NEW",
  "0x40": "UNTRACKED",
};

function readState(match: NftMatch): boolean {
  const { isNegated, texts } = valueOf(match);
  const names = texts
    ?.flatMap((text) => text.split(/[,|]/))
    .map((name) => states[name] ?? name.toUpperCase());
  if (names === undefined) {
    return false;
  }
  setOnce(match.draft, "state", choice(isNegated, names));
  return true;
}

function readInterface(key: "inInterface" | "outInterface"): Reader {
  return (match) => {
    const { isNegated, texts } = valueOf(match);
    const names = texts?.map((name) => name.replace(/\*$/, "+"));
    if (names === undefined) {
      return false;
    }
    setOnce(match.draft, key, choice(isNegated, names));
    return true;
  };
}

function readAddress(key: "source" | "destination"): Reader {
  return (match) => {
    const { isNegated, texts } = valueOf(match);
    const networks = texts === null ? undefined : choiceOf(texts, isNegated, network);
    if (networks !== undefined) {
      setOnce(match.draft, key, networks);
    } else {
      // A set that nobody printed, or ranges: a stranger is outside.
      const forStranger = key === "destination" ? "maybe" : isNegated ? "yes" : "no";
      addOther(match.draft, { text: match.found[0], forStranger });
    }
    return true;
  };
}

function readProtocol(match: NftMatch): boolean {
  const { isNegated, texts } = valueOf(match);
  if (texts === null) {
    return false;
  }
  setOnce(match.draft, "protocol", choice(isNegated, texts.map(protocolName)));
  return true;
}

function readPort(match: NftMatch): boolean {
  const { isNegated, texts } = valueOf(match);
  const ranges = texts === null ? undefined : choiceOf(texts, isNegated, portRange);
  if (ranges === undefined) {
    return false;
  }
  const [, protocol = "", side] = match.found;
  if (protocol !== "th") {
    setOnce(match.draft, "protocol", choice(false, [protocol]));
  }
  setOnce(match.draft, side === "d" ? "destinationPort" : "sourcePort", ranges);
  return true;
}

const icmpTypes: Readonly<Record<string, string>> = {
  "echo-request": "8",
  "nd-router-solicit": "133",
  "nd-router-advert": "134",
  "nd-neighbor-solicit": "135",
  "nd-neighbor-advert": "136",
};

function readIcmp(protocol: string): Reader {
  return (match) => {
    const { isNegated, texts } = valueOf(match);
    const types = texts?.map((text) =>
      protocol === "ipv6-icmp" && text === "echo-request" ? "128" : (icmpTypes[text] ?? text),
    );
    if (types === undefined) {
      return false;
    }
    setOnce(match.draft, "protocol", choice(false, [protocol]));
    setOnce(match.draft, "icmpType", choice(isNegated, types));
    return true;
  };
}

const flagBits: Readonly<Record<string, number>> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ecn: 64,
  cwr: 128,
};

/** A stranger's first packet has this flag alone. */
const syn = 2;

function bits(flags: string): number {
  return flags
    .replaceAll(/[()]/g, "")
    .split(/[,|]/)
    .map((flag) => flagBits[flag.trim()] ?? Number(flag))
    .reduce((sum, bit) => sum | bit, 0);
}

function tcpFlags(isMet: (found: RegExpExecArray) => boolean): Reader {
  return ({ draft, found }) => {
    setOnce(draft, "protocol", choice(false, ["tcp"]));
    addOther(draft, { text: found[0], forStranger: isMet(found) ? "yes" : "no" });
    return true;
  };
}

/** `135 . 0, nd-neighbor-advert . 0`. */
function readTypesAndCodes({ draft, found }: NftMatch): boolean {
  const types = (found[1] ?? "").split(",").map((element) => {
    const [type = "", code = ""] = element.trim().split(" . ");
    return `${icmpTypes[type] ?? type}/${code}`;
  });
  setOnce(draft, "protocol", choice(false, ["ipv6-icmp"]));
  setOnce(draft, "icmpType", choice(false, types));
  return true;
}
