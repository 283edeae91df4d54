import { type Check, placeOf } from "./check.ts";
import { covers, isSame } from "./covers.ts";
import { targetOf } from "./fate.ts";
import type { AuditFinding } from "./finding.ts";
import { deleteCommand } from "./mend.ts";
import type { AuditedHost } from "./read-host.ts";
import { anyPacket, type Chain, endsChain, type Rule } from "./rule.ts";

export const checkDuplicates: Check = {
  passed: "No rule is there twice",
  run: (host) =>
    host.chains.filter(isHandMade).flatMap((chain) => pairs(chain, isRepeated).map(duplicate(host, chain))),
};

export const checkUnreachable: Check = {
  passed: "No rule is hidden behind an earlier one",
  run: (host) =>
    host.chains
      .filter(isHandMade)
      .flatMap((chain) =>
        pairs(chain, (earlier, later) => isHidden(host, chain, earlier, later)).map(unreachable(host, chain)),
      ),
};

interface Pair {
  readonly earlier: Rule;
  readonly later: Rule;
}

/** Of each rule the first one before it that makes it idle. */
function pairs(chain: Chain, isIdle: (earlier: Rule, later: Rule) => boolean): readonly Pair[] {
  // Beyond this, comparing each with each takes too long; such chains are written by programs.
  const rules = chain.rules.slice(0, 2000);
  return rules.flatMap((later, index) => {
    const earlier = rules
      .slice(0, index)
      .find((earlier) => earlier.number !== later.number && isIdle(earlier, later));
    return earlier === undefined ? [] : [{ earlier, later }];
  });
}

/** Programs that write chains of their own have their reasons, and write them again. */
const generated =
  /^(?:ufw6?-(?!user-(?:input|output|forward)$)|DOCKER(?!-USER$)|KUBE-|CNI-|cali-|LIBVIRT_|f2b-|(?:IN|FWD|FWD[IO]|PRE|POST)_|FLANNEL|CILIUM_|PORTCULLIS|ts-)/;

function isHandMade({ name, table }: Chain): boolean {
  return !generated.test(name) && !/^(?:firewalld|portcullis|crowdsec|libvirt|docker|kube)/i.test(table);
}

function isRepeated(earlier: Rule, later: Rule): boolean {
  return (
    JSON.stringify(earlier.verdict) === JSON.stringify(later.verdict) &&
    (endsChain(earlier.verdict) || earlier.verdict.kind === "jump") &&
    isSame(earlier.conditions, later.conditions)
  );
}

function isHidden(host: AuditedHost, chain: Chain, earlier: Rule, later: Rule): boolean {
  const ends = endsChain(earlier.verdict) || endsAlways(host, chain, earlier, 0);
  return ends && covers(earlier.conditions, later.conditions) && !isRepeated(earlier, later);
}

/** It jumps to where every packet is accepted or dropped. */
function endsAlways(host: AuditedHost, chain: Chain, rule: Rule, depth: number): boolean {
  const target = rule.verdict.kind === "jump" ? targetOf(host.chains, chain, rule) : undefined;
  if (target === undefined || depth > 8) {
    return false;
  }
  const end = target.rules.findIndex(
    (step) =>
      covers(step.conditions, anyPacket) &&
      (step.verdict.kind === "accept" ||
        step.verdict.kind === "drop" ||
        endsAlways(host, target, step, depth + 1)),
  );
  return end >= 0 && !target.rules.slice(0, end).some(({ verdict }) => mayLeave.has(verdict.kind));
}

const mayLeave: ReadonlySet<string> = new Set(["return", "goto", "unsure"]);

function duplicate(host: AuditedHost, chain: Chain): (pair: Pair) => AuditFinding {
  return ({ earlier, later }) => ({
    severity: "low",
    code: "duplicate-rule",
    title: `Rule ${later.number} says the same as rule ${earlier.number}`,
    rule: later.text,
    where: placeOf({ chain, rule: later }),
    why: "It has no effect, and who changes or deletes one of them will think that he is done.",
    fix: deleteCommand(host, { chain, rule: later }, earlier),
  });
}

function unreachable(host: AuditedHost, chain: Chain): (pair: Pair) => AuditFinding {
  return ({ earlier, later }) => {
    const [before, behind] = [earlier.verdict.kind, later.verdict.kind];
    const isHarmful = before !== behind && (before === "accept" || before === "return") && behind === "drop";
    const isDead = before !== behind && before === "drop";
    return {
      severity: isHarmful || isDead ? "medium" : "low",
      code: "unreachable-rule",
      title: `Rule ${later.number} never matches: rule ${earlier.number} takes all its packets`,
      rule: later.text,
      where: placeOf({ chain, rule: later }),
      why: `Rule ${earlier.number} is: ${earlier.text}. ${isHarmful ? "What this rule was to drop passes." : isDead ? "What this rule was to let through is dropped. Delete it, or move it before that one if it is meant." : "It has no effect and misleads who reads the rules."}`,
      fix: deleteCommand(host, { chain, rule: later }, earlier),
    };
  };
}
