import {
  type Check,
  defaultFate,
  familiesOf,
  ipName,
  isExposed,
  placeOf,
  policyPlace,
  worstFate,
} from "./check.ts";
import type { Fate } from "./fate.ts";
import type { AuditFinding } from "./finding.ts";
import { mendForward, mendInput } from "./mend-default.ts";
import type { AuditedHost } from "./read-host.ts";
import type { Family } from "./rule.ts";

/** What becomes of packets to this host that no rule is about. */
export const checkDefaultInput: Check = {
  passed: "Packets to this host that no rule lets in are dropped",
  run(host) {
    const [by4, by6] = [4, 6].map((family) => openDefault(host, family === 4 ? 4 : 6));
    if (by4 !== undefined && by6 !== undefined && whereOf(by4) === whereOf(by6)) {
      return [inputFinding(host, by4, [4, 6])];
    }
    return [by4, by6].flatMap((open) =>
      open === undefined ? [] : [inputFinding(host, open, [open.family])],
    );
  },
};

/** What becomes of packets from the world to the networks behind this host. */
export const checkDefaultForward: Check = {
  passed: "Packets through this host that no rule lets in are dropped",
  run(host) {
    const families = familiesOf(host).filter((family) => host.facts.forwards[family]);
    return families.length === 0 ? null : families.flatMap((family) => judgeForward(host, family));
  },
};

type Open = ReturnType<typeof defaultFate> & { readonly family: Family };

function openDefault(host: AuditedHost, family: Family): Open | undefined {
  const fate = familiesOf(host).includes(family) ? defaultFate(host, family) : undefined;
  return fate?.verdict === "accept" ? { ...fate, family } : undefined;
}

function whereOf({ by, base, family }: Fate & { readonly family: Family }): string {
  return by === null ? policyPlace(base, family) : placeOf(by);
}

function inputFinding(host: AuditedHost, open: Open, families: readonly Family[]): AuditFinding {
  const { by, family } = open;
  const names = families.map((family) => ipName[family]).join(" and ");
  const { fix, closes } = mendInput(host, family, open);
  const words = by === null ? policyWords(host, family, names) : ruleWords(host, open, names);
  return {
    severity: families.some((family) => isExposed(host, family)) ? "high" : "medium",
    rule: by?.rule.text ?? null,
    where: whereOf(open),
    fix,
    ...words,
    why: [words.why, ...mendWords(host, closes)].join(" "),
  };
}

/** Names beyond this many tell nobody more. */
const mostNames = 20;

function mendWords({ sshPorts }: AuditedHost, closes: readonly string[]): readonly string[] {
  if (sshPorts.length === 0) {
    return ["None of the likely ports of sshd listens, so no command is proposed that might lock you out."];
  }
  const more = closes.length > mostNames ? ` and ${closes.length - mostNames} more` : "";
  return closes.length === 0
    ? []
    : [
        `The commands keep SSH open (tcp ${sshPorts.join(", ")}) and close what listens besides: ${closes.slice(0, mostNames).join(", ")}${more}. Accept first what is to stay open.`,
      ];
}

type Words = Pick<AuditFinding, "code" | "title" | "why">;

function ruleWords(host: AuditedHost, { family, probe }: Open, names: string): Words {
  const isAll = worstFate(host, family, { protocol: "udp" }).verdict === "accept";
  const what = probe.protocol === "udp" ? "UDP packet" : isAll ? "packet" : "TCP connection";
  return {
    code: "accept-any",
    title: `A rule accepts every ${names} ${what} from anywhere`,
    why: "The rules behind it, and the policy, have no effect on strangers: whatever listens on this host can be reached.",
  };
}

function policyWords(host: AuditedHost, family: Family, names: string): Words {
  return family === 6 && defaultFate(host, 4).verdict === "drop"
    ? {
        code: "ipv6-unguarded",
        title: "IPv4 is guarded, IPv6 is open",
        why: "Whoever reaches this host by IPv6 passes by all that the IPv4 rules forbid.",
      }
    : {
        code: "default-accept-input",
        title: `${names} packets to this host are accepted unless a rule drops them`,
        why: "Every service that listens on all addresses can be reached by everybody, also one that is installed tomorrow.",
      };
}

function judgeForward(host: AuditedHost, family: Family): readonly AuditFinding[] {
  const fate = worstFate(host, family, { hooks: ["prerouting", "forward"], destinations: null });
  return fate.verdict !== "accept"
    ? []
    : [
        {
          severity: isExposed(host, family) ? "high" : "medium",
          code: fate.by === null ? "default-accept-forward" : "accept-any-forward",
          title: `${ipName[family]} forwarding is on, and packets from ${fate.probe.inInterface} to the networks behind this host are accepted`,
          rule: fate.by?.rule.text ?? null,
          where: whereOf({ ...fate, family }),
          why: "Whoever can send packets to this host can reach what is behind it: containers, virtual machines, other networks.",
          fix: mendForward(host, family, fate),
        },
      ];
}
