import { type IpPrefix, parseIpPrefix } from "../domain/ip-address.ts";
import { anyPacket, type Choice, type Conditions, type OtherCondition, type PortRange } from "./rule.ts";

/** The conditions of a rule that is being read. */
export type Draft = { -readonly [Key in keyof Conditions]: Conditions[Key] };

export function emptyDraft(): Draft {
  return { ...anyPacket };
}

export function choice<T>(isNegated: boolean, of: readonly T[]): Choice<T> {
  return { isNegated, of };
}

export function addOther(draft: Draft, other: Partial<OtherCondition> & { readonly text: string }): void {
  draft.others = [...draft.others, { forStranger: "maybe", hasMemory: false, isUnderstood: true, ...other }];
}

/** Notes a condition that this program knows nothing about. */
export function addUnknown(draft: Draft, text: string): void {
  addOther(draft, { text, isUnderstood: false, hasMemory: true });
}

/** `22`, `80:90`, `80-90`; undefined for anything else. */
export function portRange(text: string): PortRange | undefined {
  const found = /^(\d{1,5})(?:[:-](\d{0,5}))?$|^:(\d{1,5})$/.exec(text);
  if (found === null) {
    return undefined;
  }
  const [, from = "0", to, until] = found;
  return [Number(from), until !== undefined ? Number(until) : to === "" ? 65_535 : Number(to ?? from)];
}

/** Numbers as names, in one spelling. */
const protocolNames: Readonly<Record<string, string>> = {
  1: "icmp",
  2: "igmp",
  6: "tcp",
  17: "udp",
  41: "ipv6",
  47: "gre",
  50: "esp",
  51: "ah",
  58: "ipv6-icmp",
  89: "ospf",
  112: "vrrp",
  132: "sctp",
  136: "udplite",
  icmpv6: "ipv6-icmp",
};

export function protocolName(text: string): string {
  const lower = text.toLowerCase();
  return protocolNames[lower] ?? lower;
}

/** A network; undefined when it is not written as address and length. */
export function network(text: string): IpPrefix | undefined {
  const [address = "", mask] = text.split("/", 2);
  const length = mask?.includes(".") === true ? maskLength(mask) : mask;
  return length === null ? undefined : parseIpPrefix(length === undefined ? address : `${address}/${length}`);
}

function maskLength(mask: string): string | null {
  const bits = mask
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
  return /^1*0*$/.test(bits) && bits.length === 32
    ? String(bits.indexOf("0") < 0 ? 32 : bits.indexOf("0"))
    : null;
}

/** Sets a dimension that only one condition can be kept for; a second one is kept as text. */
export function setOnce<Key extends Exclude<keyof Conditions, "others">>(
  draft: Draft,
  key: Key,
  value: Conditions[Key],
): void {
  const isSame = JSON.stringify(draft[key]) === JSON.stringify(value);
  if (draft[key] === null || isSame || key === "protocol") {
    const next: Partial<Draft> = {};
    next[key] = value;
    Object.assign(draft, next);
  } else {
    addOther(draft, { text: `${key} ${JSON.stringify(value)}` });
  }
}

/** Sets every text that `read` understands; when it does not understand one, the whole condition is kept as text. */
export function choiceOf<T>(
  texts: readonly string[],
  isNegated: boolean,
  read: (text: string) => T | undefined,
): Choice<T> | undefined {
  const values = texts.map(read).filter((value) => value !== undefined);
  return values.length === texts.length ? { isNegated, of: values } : undefined;
}
