import {
  type IpAddress,
  type IpPrefix,
  lengthOf,
  parseIpPrefix,
  prefixContains,
} from "../domain/ip-address.ts";
import type { Choice, Conditions, Family, Likelihood, PortRange } from "./rule.ts";

/** One kind of packet, to find out what becomes of it. */
export interface Probe {
  readonly family: Family;
  /** The hooks it passes, in their order. */
  readonly hooks: readonly string[];
  readonly protocol: string;
  /** Null: one that no rule names. */
  readonly port: number | null;
  readonly icmpType: string | null;
  readonly state: string;
  /** `stranger`: any address that no rule names. */
  readonly source: IpAddress | "stranger";
  /** Addresses that it may be for. Null: one that no rule names. */
  readonly destinations: readonly IpAddress[] | null;
  readonly inInterface: string;
  /** Null: one that no rule names. */
  readonly outInterface: string | null;
}

/** Whether the packet meets the conditions of a rule. */
export function meets(probe: Probe, conditions: Conditions): Likelihood {
  let worst = 0;
  for (const judge of judges) {
    worst = Math.max(worst, scale.indexOf(judge(probe, conditions)));
    if (scale[worst] === "no") {
      return "no";
    }
  }
  return scale[worst] ?? "maybe";
}

/** From good to bad: the worst counts. */
const scale: readonly Likelihood[] = ["yes", "limit", "known", "maybe", "no"];

const judges: readonly ((probe: Probe, conditions: Conditions) => Likelihood)[] = [
  (probe, { protocol }) => sure(protocol, (name) => name === probe.protocol),
  (probe, { destinationPort }) => ofPort(destinationPort, probe.port),
  (probe, { state }) => sure(state, (name) => name === probe.state),
  (probe, { inInterface }) => sure(inInterface, (name) => isInterface(name, probe.inInterface)),
  (probe, { outInterface }) => sure(outInterface, (name) => isInterface(name, probe.outInterface)),
  (probe, { icmpType }) => sure(icmpType, (type) => type.split("/")[0] === probe.icmpType),
  // Strangers choose their own.
  (_, { sourcePort }) => (sourcePort === null ? "yes" : "maybe"),
  (probe, { source }) => ofSource(source, probe.source),
  (probe, { destination }) => ofDestination(destination, probe.destinations),
  (_, { others }) => others.map(({ forStranger }) => forStranger).reduce(worse, "yes"),
];

function worse(a: Likelihood, b: Likelihood): Likelihood {
  return scale.indexOf(a) > scale.indexOf(b) ? a : b;
}

function sure<T>(choice: Choice<T> | null, isMet: (value: T) => boolean): Likelihood {
  return choice === null || choice.of.some(isMet) !== choice.isNegated ? "yes" : "no";
}

function isInterface(pattern: string, name: string | null): boolean {
  return pattern.endsWith("+")
    ? name?.startsWith(pattern.slice(0, -1)) === true || pattern === "+"
    : pattern === name;
}

function ofPort(choice: Choice<PortRange> | null, port: number | null): Likelihood {
  return sure(choice, ([from, to]) =>
    // A range this wide is not about single services.
    port === null ? to - from > 30_000 : from <= port && port <= to,
  );
}

/** Half of all addresses is still a stranger's, a provider's network is not. */
const wide = { 4: 3, 6: 4 } as const;
const narrow = { 4: 7, 6: 16 } as const;

function ofSource(choice: Choice<IpPrefix> | null, source: IpAddress | "stranger"): Likelihood {
  if (choice === null || source !== "stranger") {
    return sure(choice, (prefix) => source !== "stranger" && prefixContains(prefix, source));
  }
  const bits = (prefix: IpPrefix): 4 | 6 => (prefix.includes(":") ? 6 : 4);
  if (choice.of.some((prefix) => lengthOf(prefix) <= wide[bits(prefix)])) {
    return choice.isNegated ? "no" : "yes";
  }
  const isNarrow = choice.of.every((prefix) => lengthOf(prefix) > narrow[bits(prefix)] || isNoPublic(prefix));
  return isNarrow ? (choice.isNegated ? "yes" : "no") : "maybe";
}

/** Private and multicast networks that are as wide as a part of the world. */
function isNoPublic(prefix: IpPrefix): boolean {
  return noPublic.some((network) => prefixContains(network, prefix));
}

const noPublic = ["127.0.0.0/8", "224.0.0.0/3", "fc00::/7", "fe80::/10", "ff00::/8"]
  .map(parseIpPrefix)
  .filter((prefix) => prefix !== undefined);

function ofDestination(
  choice: Choice<IpPrefix> | null,
  destinations: readonly IpAddress[] | null,
): Likelihood {
  if (choice === null) {
    return "yes";
  }
  if (destinations === null) {
    return choice.of.some((prefix) => lengthOf(prefix) <= 1) === choice.isNegated ? "no" : "yes";
  }
  if (destinations.length === 0) {
    return "maybe";
  }
  return sure(choice, (prefix) => destinations.some((address) => prefixContains(prefix, address)));
}
