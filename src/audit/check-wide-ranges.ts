import { type Check, familiesOf, ipName, placeOf, worstFate } from "./check.ts";
import type { AuditFinding } from "./finding.ts";
import type { AuditedHost } from "./read-host.ts";
import type { Family, PlacedRule, PortRange, Rule } from "./rule.ts";

/** From so many ports on, a rule is about none of them in particular. */
export const wideRange = 100;

/** Rules that open hundreds of ports at once. */
export const checkWideRanges: Check = {
  passed: "No rule opens hundreds of ports to everybody",
  run: (host) => familiesOf(host).flatMap((family) => wideRules(host, family)),
};

function wideRules(host: AuditedHost, family: Family): readonly AuditFinding[] {
  const chains = host.chains.filter((chain) => chain.family === family && chain.base?.type !== "nat");
  return chains.flatMap((chain) => chain.rules.flatMap((rule) => wideFinding(host, { chain, rule }) ?? []));
}

function wideFinding(host: AuditedHost, placed: PlacedRule): AuditFinding | undefined {
  const { chain, rule } = placed;
  const range = wideRangeOf(rule);
  if (range === undefined) {
    return undefined;
  }
  const [from, to] = range;
  const protocol = rule.conditions.protocol?.of[0] ?? "tcp";
  // One in the midst that hardly another rule is about.
  const fate = worstFate(host, chain.family, { protocol, port: to - 7 });
  return fate.verdict !== "accept" || fate.by?.rule !== rule
    ? undefined
    : {
        severity: from < 1024 ? "medium" : "low",
        code: "wide-port-range",
        title: `A rule opens ${to - from + 1} ports to everybody by ${ipName[chain.family]}`,
        rule: rule.text,
        where: placeOf(placed),
        why: "Whatever listens on one of them, now or one day, can be reached by everybody. Open what is needed, port by port.",
        fix: null,
      };
}

function wideRangeOf({ verdict, conditions }: Rule): PortRange | undefined {
  return verdict.kind === "accept" && conditions.destinationPort?.isNegated === false
    ? conditions.destinationPort.of.find(([from, to]) => to - from >= wideRange)
    : undefined;
}
