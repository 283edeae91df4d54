import type { IpAddress } from "../domain/ip-address.ts";
import { familiesOf, worldOf } from "./check.ts";
import { type Fate, fateOf } from "./fate.ts";
import type { Listener } from "./read-listeners.ts";
import type { Probe } from "./meets.ts";
import type { RuleWords } from "./mend.ts";
import { type AuditedHost, strangerProbe } from "./read-host.ts";
import type { Chain, Family } from "./rule.ts";

/** A chain whose policy is to become to drop, and the number of a rule of it that is to go. */
export interface Closing {
  readonly chain: Chain;
  readonly family: Family;
  readonly without: number | null;
}

/**
 * What the chain must accept before its policy may be to drop: loopback, replies, the ways in by SSH, what IPv6 itself needs;
 * each at every address of the host, as nobody knows by which of them this program comes.
 */
export function neededRules(host: AuditedHost, closing: Closing): readonly RuleWords[] {
  const chains = chainsAfter(host, closing);
  return needs(host)
    .filter((need) =>
      chainFamilies(closing)
        .filter((family) => need.family === undefined || need.family === family)
        .some((family) => !isMet(host, family, chains, need.probe)),
    )
    .map(({ words }) => words);
}

/** What listens, besides SSH, can be reached now and will not be any more; as `tcp 443`. */
export function closedPorts(host: AuditedHost, closing: Closing): readonly string[] {
  const after = chainsAfter(host, closing);
  const families = chainFamilies(closing).filter((family) => familiesOf(host).includes(family));
  const closed = (host.facts.listeners ?? []).filter(
    (listener) =>
      !listener.isLoopbackOnly &&
      !(listener.protocol === "tcp" && host.sshPorts.includes(listener.port)) &&
      families.some((family) => isClosing(host, family, listener, after)),
  );
  const byNumber = closed.toSorted((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
  return [...new Set(byNumber.map(({ protocol, port }) => `${protocol} ${port}`))];
}

function isClosing(host: AuditedHost, family: Family, listener: Listener, after: readonly Chain[]): boolean {
  const { protocol, port } = listener;
  return (
    (listener.family === "both" || listener.family === family) &&
    placesOf(host, family).some((place) => {
      const probe = strangerProbe(host, family, { ...place, protocol, port });
      return fateOf(probe, host.chains).verdict !== "drop" && fateOf(probe, after).verdict !== "accept";
    })
  );
}

/** A chain of a table for both drops the packets of both. */
function chainFamilies({ chain, family }: Closing): readonly Family[] {
  return chain.tableFamily === "inet" ? [4, 6] : [family];
}

function chainsAfter(host: AuditedHost, closing: Closing): readonly Chain[] {
  const { chain, without } = closing;
  const isIt = (other: Chain): boolean =>
    other.variant === chain.variant &&
    other.tableFamily === chain.tableFamily &&
    other.table === chain.table &&
    other.name === chain.name &&
    chainFamilies(closing).includes(other.family);
  const closed = chainFamilies(closing).map((family): Chain => {
    const now = host.chains.find((other) => isIt(other) && other.family === family) ?? { ...chain, family };
    return {
      ...now,
      rules: now.rules.filter(({ number }) => number !== without),
      base: now.base === null ? null : { ...now.base, policy: "drop" },
    };
  });
  return [...host.chains.filter((other) => !isIt(other)), ...closed];
}

interface Place {
  readonly inInterface: string;
  readonly destinations: readonly IpAddress[];
}

/** Every address that is not loopback's, and the interfaces of the world that have none. */
function placesOf(host: AuditedHost, family: Family): readonly Place[] {
  const own = host.facts.addresses
    .filter((address) => address.family === family && address.interface !== "lo")
    .map((address) => ({ inInterface: address.interface, destinations: [address.address] }));
  const bare = worldOf(host).filter((name) => !own.some(({ inInterface }) => inInterface === name));
  return [...own, ...bare.map((inInterface) => ({ inInterface, destinations: [] }))];
}

interface Need {
  readonly probe: Partial<Probe>;
  /** Undefined: both. */
  readonly family?: Family;
  readonly words: RuleWords;
}

function isMet(
  host: AuditedHost,
  family: Family,
  chains: readonly Chain[],
  changes: Partial<Probe>,
): boolean {
  const peer = host.facts.connection?.peer;
  const sources =
    peer === undefined || peer.includes(":") !== (family === 6)
      ? (["stranger"] as const)
      : (["stranger", peer] as const);
  const probes = placesOf(host, family).flatMap((place) =>
    sources.map((source) => strangerProbe(host, family, { source, ...place, ...changes })),
  );
  return probes.every((probe) => isForAll(fateOf(probe, chains)));
}

/** A rule for half of the world, or for all but some network, may leave out just who must get in. */
function isForAll({ verdict, by }: Fate): boolean {
  return verdict === "accept" && (by === null || by.rule.conditions.source === null);
}

function needs(host: AuditedHost): readonly Need[] {
  return [
    {
      probe: { inInterface: "lo", source: "stranger", destinations: [] },
      words: { iptables: "-i lo -j ACCEPT", nft: 'iifname "lo" accept' },
    },
    {
      probe: { state: "ESTABLISHED" },
      words: {
        iptables: "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
        nft: "ct state established,related accept",
      },
    },
    {
      probe: { protocol: "ipv6-icmp", state: "UNTRACKED" },
      family: 6,
      words: { iptables: "-p ipv6-icmp -j ACCEPT", nft: "meta l4proto ipv6-icmp accept" },
    },
    ...host.sshPorts.map((port) => ({
      probe: { port },
      words: { iptables: `-p tcp --dport ${port} -j ACCEPT`, nft: `tcp dport ${port} accept` },
    })),
  ];
}
