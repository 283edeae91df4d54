import { type HostFacts, readHostFacts, type Sections } from "./host-facts.ts";
import type { Probe } from "./meets.ts";
import { readIptables } from "./read-iptables.ts";
import { readNft } from "./read-nft.ts";
import { type Chain, type Family, nameOf } from "./rule.ts";

/** One host, ready to be judged. */
export interface AuditedHost {
  readonly facts: HostFacts;
  readonly chains: readonly Chain[];
  /** TCP ports of sshd that must stay open while rules are mended; empty when none of those that are likely listens. */
  readonly sshPorts: readonly number[];
  /** Blocks are to be enforced there. */
  readonly isEnforcing: boolean;
  readonly usesFlowTable: boolean;
  /** Rules with a condition that this program does not understand, by what wrote them: `nft` or `iptables`. */
  readonly notUnderstood: ReadonlyMap<string, number>;
}

/** What an audit has to know besides the host's own words. */
export interface AuditContext {
  /** Where this program logs in. */
  readonly sshPort: number;
  readonly isEnforcing: boolean;
}

export function readHost(sections: Sections, { sshPort, isEnforcing }: AuditContext): AuditedHost {
  const facts = readHostFacts(sections);
  const lines = (name: string): readonly string[] => sections.get(name) ?? [];
  const own = facts.iptables ?? "iptables-nft";
  const { chains: nft, usesFlowTable } = readNft(lines("ruleset"));
  const saved = [
    ...readIptables(lines("iptables-save4"), 4, own),
    ...readIptables(lines("iptables-save6"), 6, own),
    ...readIptables(lines("legacy-save4"), 4, "iptables-legacy"),
    ...readIptables(lines("legacy-save6"), 6, "iptables-legacy"),
  ];
  const chains = [...saved, ...nft.filter((chain) => !isShownBefore(chain, saved))].map(withoutBlocks);
  return {
    facts,
    chains,
    sshPorts: sshPortsOf(facts, sshPort),
    isEnforcing,
    usesFlowTable,
    notUnderstood: countUnknown(chains),
  };
}

/** Behind a port that is translated on the way, the configured one is none of the host's. */
function sshPortsOf({ listeners, connection }: HostFacts, configured: number): readonly number[] {
  const listening = [configured, 22].filter(
    (port) =>
      listeners === null ||
      listeners.some((listener) => listener.protocol === "tcp" && listener.port === port),
  );
  return [...new Set([...listening, ...(connection === null ? [] : [connection.port])])];
}

/** Portcullis's own chain may hold a rule for each of 100,000 networks, none of which is about strangers. */
function withoutBlocks(chain: Chain): Chain {
  return chain.name === "PORTCULLIS" && chain.table === "raw" ? { ...chain, rules: [] } : chain;
}

/** Tables of iptables-nft are nft tables too. */
function isShownBefore(chain: Chain, saved: readonly Chain[]): boolean {
  return saved.some(
    ({ variant, tableFamily, table }) =>
      variant === "iptables-nft" && tableFamily === chain.tableFamily && table === chain.table,
  );
}

function countUnknown(chains: readonly Chain[]): ReadonlyMap<string, number> {
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  for (const chain of chains) {
    const by = chain.variant === "nft" ? "nft" : "iptables";
    for (const { number, conditions } of chain.rules) {
      const place = `${nameOf(chain)} ${number}`;
      if (!seen.has(place) && conditions.others.some(({ isUnderstood }) => !isUnderstood)) {
        seen.add(place);
        counts.set(by, (counts.get(by) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** A stranger's new packet for this host, as it comes in by one of its interfaces. */
export function strangerProbe(
  { facts }: AuditedHost,
  family: Family,
  changes: Partial<Probe> & { readonly inInterface: string },
): Probe {
  const { inInterface } = changes;
  return {
    family,
    hooks: ["prerouting", "input"],
    protocol: "tcp",
    port: null,
    icmpType: null,
    state: "NEW",
    source: "stranger",
    destinations: facts.addresses
      .filter((address) => address.family === family && address.interface === inInterface)
      .map(({ address }) => address),
    outInterface: null,
    ...changes,
  };
}
