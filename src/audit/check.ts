import { fateOf, type Fate } from "./fate.ts";
import type { AuditFinding, Severity } from "./finding.ts";
import type { Probe } from "./meets.ts";
import { type AuditedHost, strangerProbe } from "./read-host.ts";
import { type Chain, type Family, nameOf, type PlacedRule } from "./rule.ts";

/** One thing to look at. */
export interface Check {
  /** What is good when nothing is found. */
  readonly passed: string;
  /** Null when the question does not arise on this host. */
  readonly run: (host: AuditedHost) => readonly AuditFinding[] | null;
}

export const ipName = { 4: "IPv4", 6: "IPv6" } as const;

/** The families that packets of strangers can come in by. */
export function familiesOf({ facts }: AuditedHost): readonly Family[] {
  return facts.isIpv6On ? [4, 6] : [4];
}

/** Never empty. */
export function worldOf({ facts }: AuditedHost): readonly string[] {
  return facts.worldInterfaces.length > 0 ? facts.worldInterfaces : ["(any)"];
}

/** What becomes of a stranger's packet at each interface it may come in by; the worst of them. */
export function worstFate(
  host: AuditedHost,
  family: Family,
  changes: Partial<Probe>,
): Fate & { readonly probe: Probe } {
  const fates = worldOf(host).map((inInterface) => {
    const probe = strangerProbe(host, family, { ...changes, inInterface });
    return { ...fateOf(probe, host.chains), probe };
  });
  const order = ["accept", "unsure", "drop"] as const;
  const [first, ...others] = fates.sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  if (first === undefined) {
    throw new Error(`no interface, though ${others.length} others`);
  }
  return first;
}

/** What becomes of a packet that no rule is about. */
export function defaultFate(host: AuditedHost, family: Family): Fate & { readonly probe: Probe } {
  const [tcp, udp] = [worstFate(host, family, {}), worstFate(host, family, { protocol: "udp" })];
  return udp.verdict === "accept" && tcp.verdict !== "accept" ? udp : tcp;
}

/** Whatever is not let in by a rule is dropped. */
export function isGuarded(host: AuditedHost, family: Family): boolean {
  return (
    defaultFate(host, family).verdict === "drop" &&
    worstFate(host, family, { protocol: "udp" }).verdict === "drop"
  );
}

export function placeOf({ chain, rule }: PlacedRule): string {
  return `${nameOf(chain)} rule ${rule.number}`;
}

export function policyPlace(chain: Chain | null, family: Family): string {
  return chain === null ? `${family === 4 ? "ip" : "ip6"}: no table` : `${nameOf(chain)} policy`;
}

const ladder: readonly Severity[] = ["critical", "high", "medium", "low"];

export function milder(severity: Severity, steps: number): Severity {
  return ladder[Math.min(ladder.length - 1, ladder.indexOf(severity) + steps)] ?? severity;
}

/** False when no public address is on the interfaces of the world: something else stands before this host. */
export function isExposed(host: AuditedHost, family: Family): boolean {
  const world = worldOf(host);
  return host.facts.addresses.some(
    (address) => address.isPublic && address.family === family && world.includes(address.interface),
  );
}

/** The base chain for packets to this host that rules are put into. */
export function inputChain(host: AuditedHost, family: Family, hook = "input"): Chain | undefined {
  const bases = host.chains.filter(
    ({ base, family: its }) => its === family && base?.hook === hook && base.type === "filter",
  );
  return bases.toSorted((a, b) => weightOf(b) - weightOf(a))[0];
}

/** The chain that filters is the one with rules, and then the one that is made for it. */
function weightOf({ rules, table, base }: Chain): number {
  const isPlain = table === "filter" || (base?.priority ?? -1) >= 0;
  return (rules.length > 0 ? 2 : 0) + (isPlain ? 1 : 0);
}

/** Every chain that packets from a base chain can reach, the base first. */
export function reachableChains(host: AuditedHost, base: Chain): readonly Chain[] {
  const found = [base];
  for (const chain of found) {
    for (const { verdict } of chain.rules) {
      const name = verdict.kind === "jump" || verdict.kind === "goto" ? verdict.chain : "";
      const next = host.chains.find(
        (other) =>
          other.name === name &&
          other.table === base.table &&
          other.tableFamily === base.tableFamily &&
          other.family === base.family &&
          other.variant === base.variant,
      );
      if (next !== undefined && !found.includes(next)) {
        found.push(next);
      }
    }
  }
  return found;
}
