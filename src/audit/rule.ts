import type { IpPrefix } from "../domain/ip-address.ts";

export type Family = 4 | 6;

/** Which tool made a chain, and so which one mends it. */
export type Variant = "iptables-nft" | "iptables-legacy" | "nft";

/** One of these values, or with `isNegated` anything but these. */
export interface Choice<T> {
  readonly isNegated: boolean;
  readonly of: readonly T[];
}

/** From and to, both included. */
export type PortRange = readonly [number, number];

/**
 * Whether a packet of a stranger meets a condition that is not one of the plain ones: `limit` up to a rate, `known` only when
 * its sender has been noted before or is beyond a rate, `maybe` nobody can tell from the rules alone.
 */
export type Likelihood = "yes" | "no" | "maybe" | "limit" | "known";

/** A condition beyond the plain ones. */
export interface OtherCondition {
  /** In canonical words: two conditions with the same text and no memory mean the same. */
  readonly text: string;
  readonly forStranger: Likelihood;
  /** It depends on what came before, so that it does not always match what it matched once. */
  readonly hasMemory: boolean;
  readonly isUnderstood: boolean;
}

/** What a packet must be like. Null: anything. All of them must hold. */
export interface Conditions {
  readonly protocol: Choice<string> | null;
  readonly source: Choice<IpPrefix> | null;
  readonly destination: Choice<IpPrefix> | null;
  /** Names; one that ends in `+` stands for all that begin so. */
  readonly inInterface: Choice<string> | null;
  readonly outInterface: Choice<string> | null;
  readonly sourcePort: Choice<PortRange> | null;
  readonly destinationPort: Choice<PortRange> | null;
  /** NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED, and what NAT adds. */
  readonly state: Choice<string> | null;
  /** The number of the type, perhaps with `/code`. */
  readonly icmpType: Choice<string> | null;
  readonly others: readonly OtherCondition[];
}

export const anyPacket: Conditions = {
  protocol: null,
  source: null,
  destination: null,
  inInterface: null,
  outInterface: null,
  sourcePort: null,
  destinationPort: null,
  state: null,
  icmpType: null,
  others: [],
};

/** `unsure`: a target that may end the packet's way or not. `none`: it goes on to the next rule. */
export type Verdict =
  | { readonly kind: "accept" | "drop" | "return" | "log" | "none" | "unsure" | "source-nat" }
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  /** The port is null when it stays as it is. */
  | { readonly kind: "destination-nat"; readonly to: string };

export interface Rule {
  /** As the host printed it. */
  readonly text: string;
  /** Counted from 1 within its chain. */
  readonly number: number;
  readonly conditions: Conditions;
  readonly verdict: Verdict;
}

export interface Chain {
  readonly variant: Variant;
  /** A chain of an nft table for both families is there once for each. */
  readonly family: Family;
  /** `ip`, `ip6` or `inet`. */
  readonly tableFamily: string;
  readonly table: string;
  readonly name: string;
  /** Where the kernel enters it; null for one that is only jumped to. */
  readonly base: BaseChain | null;
  readonly rules: readonly Rule[];
}

export interface BaseChain {
  readonly hook: string;
  readonly type: string;
  /** The kernel asks lower numbers first. */
  readonly priority: number;
  readonly policy: "accept" | "drop";
}

/** A rule and the chain that holds it. */
export interface PlacedRule {
  readonly chain: Chain;
  readonly rule: Rule;
}

/** `ip filter/INPUT`, the way findings name a chain. */
export function nameOf(chain: Chain): string {
  const legacy = chain.variant === "iptables-legacy" ? "legacy " : "";
  return `${legacy}${chain.tableFamily} ${chain.table}/${chain.name}`;
}

/** Nothing behind it in its chain sees a packet that it matches. */
export function endsChain(verdict: Verdict): boolean {
  return ["accept", "drop", "return", "goto", "destination-nat", "source-nat"].includes(verdict.kind);
}
