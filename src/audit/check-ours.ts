import { type Check, familiesOf, ipName, placeOf } from "./check.ts";
import { targetOf } from "./fate.ts";
import type { AuditFinding } from "./finding.ts";
import type { AuditedHost } from "./read-host.ts";
import { type Chain, type Family, nameOf, type Rule } from "./rule.ts";
import { toolFor } from "./mend.ts";

/** Whether Portcullis's own drop rules come before everything else. */
export const checkOurs: Check = {
  passed: "Portcullis's drop rules come before all others",
  run(host) {
    if (
      host.chains.some(
        ({ table, base, variant }) => variant === "nft" && /portcullis/i.test(table) && base !== null,
      )
    ) {
      return [];
    }
    const jumps = host.chains.filter(
      ({ table, name, rules }) => table === "raw" && name === "PREROUTING" && rules.some(isOurs),
    );
    const without = familiesOf(host).filter((family) => !jumps.some((chain) => chain.family === family));
    return [...missing(host, without), ...jumps.flatMap((chain) => ahead(host, chain))];
  },
};

/** What takes packets past the rules of all tables. */
export const checkFlowTable: Check = {
  passed: "No flow table takes packets past the rules",
  run: ({ usesFlowTable }) =>
    usesFlowTable
      ? [
          {
            severity: "medium",
            code: "flow-table",
            title: "Forwarded connections are handed to a flow table",
            rule: null,
            where: "nft flowtable",
            why: "Packets of a connection in a flow table pass by all rules: a block cuts only new connections through this host, not those that stand.",
            fix: null,
          },
        ]
      : [],
};

function isOurs({ verdict }: Rule): boolean {
  return (verdict.kind === "jump" || verdict.kind === "goto") && verdict.chain === "PORTCULLIS";
}

function missing({ isEnforcing }: AuditedHost, families: readonly Family[]): readonly AuditFinding[] {
  if (families.length === 0) {
    return [];
  }
  return [
    {
      severity: isEnforcing ? "high" : "info",
      code: "portcullis-missing",
      title: `Portcullis's drop rules for ${families.map((family) => ipName[family]).join(" and ")} are not on this host`,
      rule: null,
      where: families.map((family) => `${family === 4 ? "ip" : "ip6"} raw/PREROUTING`).join(", "),
      why: isEnforcing
        ? "Blocks are not in force here. The running receiver puts the rules in place within a minute; if it does not, see `portcullis status`."
        : "That is as it should be while the mode is not `enforce`.",
      fix: null,
    },
  ];
}

function ahead(host: AuditedHost, chain: Chain): readonly AuditFinding[] {
  const own = chain.rules.find(isOurs);
  const before = chain.rules.filter(
    ({ number, verdict }) => number < (own?.number ?? 0) && !["log", "none"].includes(verdict.kind),
  );
  const passing = before.find((rule) => letsPass(host, chain, rule));
  const first = passing ?? before[0];
  if (first === undefined || own === undefined) {
    return [];
  }
  const tool = toolFor(host, chain);
  return [
    {
      severity: passing === undefined ? "low" : "high",
      code: "portcullis-not-first",
      title: `${before.length === 1 ? "A rule comes" : `${before.length} rules come`} before Portcullis's own${passing === undefined ? "" : ", and can let blocked packets through"}`,
      rule: first.text,
      where: placeOf({ chain, rule: first }),
      why:
        passing === undefined
          ? "It lets nothing through, but costs time for every packet that is to be dropped."
          : `What it accepts in ${nameOf(chain)} is not asked about by Portcullis any more. The running receiver moves its rule back to the front within a minute; find out who puts this one there.`,
      fix:
        tool === null
          ? null
          : `${tool} -t raw -D PREROUTING -j PORTCULLIS && ${tool} -t raw -I PREROUTING 1 -j PORTCULLIS`,
    },
  ];
}

/** It can end a packet's way through the chain without dropping it. */
function letsPass(host: AuditedHost, chain: Chain, rule: Rule, depth = 0): boolean {
  const { kind } = rule.verdict;
  if (
    ["accept", "unsure"].includes(kind) ||
    (kind === "return" && depth === 0) ||
    (kind === "goto" && depth === 0)
  ) {
    return true;
  }
  const target = targetOf(host.chains, chain, rule);
  return (
    kind === "jump" &&
    (target === undefined ||
      depth > 8 ||
      target.rules.some((inner) => letsPass(host, target, inner, depth + 1)))
  );
}
