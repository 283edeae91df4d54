import { meets, type Probe } from "./meets.ts";
import type { Chain, PlacedRule, Rule } from "./rule.ts";

/** What becomes of a packet. `unsure`: the rules alone do not tell. */
export interface Fate {
  readonly verdict: "accept" | "drop" | "unsure";
  /** Up to a rate, or a number of connections. */
  readonly isLimited: boolean;
  /** The rule that decided; null when a policy did. */
  readonly by: PlacedRule | null;
  /** The base chain whose verdict it is; null when there is none on its way. */
  readonly base: Chain | null;
}

interface Walk {
  readonly chains: readonly Chain[];
  readonly probe: Probe;
  readonly seen: Set<"accept" | "drop" | "unsure">;
  isLimited: boolean;
  by: PlacedRule | null;
  /** Rules that may still be looked at. */
  budget: number;
}

/** Follows a packet through every base chain that it passes: each must let it through. */
export function fateOf(probe: Probe, chains: readonly Chain[]): Fate {
  const ours = chains.filter(({ family }) => family === probe.family);
  const bases = ours
    .filter(({ base }) => base !== null && base.type !== "nat" && probe.hooks.includes(base.hook))
    .sort((a, b) => orderOf(a, probe) - orderOf(b, probe));
  let fate: Fate = { verdict: "accept", isLimited: false, by: null, base: null };
  for (const base of bases) {
    const next = fateIn(base, probe, ours);
    if (next.verdict === "drop") {
      return next;
    }
    const isMoreTelling = weightOf(next, base, probe) > weightOf(fate, fate.base, probe);
    const shown = fate.verdict === "accept" && (next.verdict === "unsure" || isMoreTelling) ? next : fate;
    fate = { ...shown, isLimited: fate.isLimited || next.isLimited };
  }
  return fate;
}

function orderOf({ base }: Chain, { hooks }: Probe): number {
  return hooks.indexOf(base?.hook ?? "") * 10_000 + (base?.priority ?? 0);
}

/** Programs whose chains only take out what they know of; what they let pass is for others to judge. */
const partial = /crowdsec|portcullis|fail2ban|f2b|docker|kube|libvirt|netavark/i;

/** Which accept counts: that of the chain that is there to filter packets for this host, and best one by a rule. */
function weightOf({ by }: Fate, base: Chain | null, { hooks }: Probe): number {
  const isFilter = base !== null && base.base?.hook === hooks.at(-1) && !partial.test(base.table);
  if (!isFilter || (base.variant !== "nft" && base.table !== "filter")) {
    return -1;
  }
  return by !== null ? 2 : base.rules.length > 0 ? 1 : 0;
}

function fateIn(base: Chain, probe: Probe, chains: readonly Chain[]): Fate {
  const walk: Walk = { chains, probe, seen: new Set(), isLimited: false, by: null, budget: 100_000 };
  if (!walkChain(base, walk, [])) {
    walk.seen.add(base.base?.policy ?? "accept");
    walk.by = null;
  }
  const [only = "unsure", ...others] = walk.seen;
  return { verdict: others.length === 0 ? only : "unsure", isLimited: walk.isLimited, by: walk.by, base };
}

/** True when the packet's way surely ends in this chain. */
function walkChain(chain: Chain, walk: Walk, path: readonly Chain[]): boolean {
  const inside = [...path, chain];
  for (const rule of chain.rules) {
    walk.budget -= 1;
    if (walk.budget < 0 || path.includes(chain)) {
      walk.seen.add("unsure");
      return true;
    }
    const met = meets(walk.probe, rule.conditions);
    const outcome =
      met === "no" || met === "known" ? "on" : walkRule({ chain, rule }, met, { walk, path: inside });
    if (met === "known" && ["drop", "jump", "goto"].includes(rule.verdict.kind)) {
      walk.isLimited = true;
    }
    if (outcome !== "on") {
      return outcome === "ended";
    }
  }
  return false;
}

type Met = "yes" | "maybe" | "limit";

interface Position {
  readonly walk: Walk;
  /** The chains that led here. */
  readonly path: readonly Chain[];
}

function walkRule(placed: PlacedRule, met: Met, position: Position): "on" | "ended" | "returned" {
  const { kind } = placed.rule.verdict;
  if (kind === "accept" || kind === "drop") {
    return walkEnd(placed, kind, met, position.walk);
  }
  if (kind === "jump" || kind === "goto") {
    return walkTarget(placed, met, position);
  }
  if (kind === "unsure") {
    position.walk.seen.add("unsure");
  }
  // What is within a rate goes back, and only what is beyond it meets the drop behind.
  return kind === "return" && met !== "maybe" ? "returned" : "on";
}

function walkEnd(placed: PlacedRule, kind: "accept" | "drop", met: Met, walk: Walk): "on" | "ended" {
  walk.isLimited ||= met === "limit";
  walk.seen.add(kind);
  walk.by = placed;
  // What is dropped up to a rate passes beyond it.
  return met === "maybe" || (met === "limit" && kind === "drop") ? "on" : "ended";
}

function walkTarget(placed: PlacedRule, met: Met, { walk, path }: Position): "on" | "ended" | "returned" {
  const { chain, rule } = placed;
  const target = targetOf(walk.chains, chain, rule);
  if (target === undefined) {
    walk.seen.add("unsure");
    return "on";
  }
  if (met === "limit") {
    walk.isLimited = true;
    const side: Walk = { ...walk, seen: new Set(), by: null };
    // What a chain drops up to a rate passes beyond it.
    if (!walkChain(target, side, path) || side.seen.has("drop")) {
      side.seen.forEach((verdict) => walk.seen.add(verdict));
      return "on";
    }
  }
  const isEnded = walkChain(target, walk, path);
  if (met === "maybe") {
    return "on";
  }
  if (isEnded) {
    nameService(placed, walk);
    return "ended";
  }
  return rule.verdict.kind === "goto" ? "returned" : "on";
}

/** The rule that names the service says more than the one that ends all ways through its chain. */
function nameService(placed: PlacedRule, walk: Walk): void {
  const isNamed = placed.rule.conditions.destinationPort !== null;
  if (isNamed && walk.by?.rule.conditions.destinationPort === null) {
    walk.by = placed;
  }
}

/** The chain that a jump leads to. */
export function targetOf(chains: readonly Chain[], from: Chain, { verdict }: Rule): Chain | undefined {
  return verdict.kind !== "jump" && verdict.kind !== "goto"
    ? undefined
    : chains.find(
        ({ name, table, tableFamily, family, variant }) =>
          name === verdict.chain &&
          table === from.table &&
          tableFamily === from.tableFamily &&
          family === from.family &&
          variant === from.variant,
      );
}
