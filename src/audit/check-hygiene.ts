import { parseIpAddress } from "../domain/ip-address.ts";
import {
  type Check,
  familiesOf,
  inputChain,
  ipName,
  isGuarded,
  placeOf,
  policyPlace,
  reachableChains,
  worldOf,
  worstFate,
} from "./check.ts";
import { covers } from "./covers.ts";
import { fateOf } from "./fate.ts";
import type { AuditFinding } from "./finding.ts";
import type { Probe } from "./meets.ts";
import { insertCommand, type RuleWords } from "./mend.ts";
import { type AuditedHost, strangerProbe } from "./read-host.ts";
import { anyPacket, type Chain, endsChain, type Family, nameOf } from "./rule.ts";

/** Runs for each family whose default is to drop: where everything passes, these questions do not arise. */
function whereGuarded(
  judge: (host: AuditedHost, family: Family, chain: Chain) => readonly AuditFinding[],
): Check["run"] {
  return (host) => {
    const families = familiesOf(host).filter((family) => isGuarded(host, family));
    return families.length === 0
      ? null
      : families.flatMap((family) => {
          const chain = inputChain(host, family);
          return chain === undefined ? [] : judge(host, family, chain);
        });
  };
}

/** Programs that would write over it. */
function mend(host: AuditedHost, chain: Chain, words: RuleWords, number: number | null): string | null {
  const isManaged = host.facts.managers.some((name) => name === "ufw" || name === "firewalld");
  return isManaged ? null : insertCommand(host, chain, words, number);
}

const established: RuleWords = {
  iptables: "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
  nft: "ct state established,related accept",
};

/** More rules than this ahead of it cost every packet of every connection. */
const mostAhead = 10;

export const checkEstablished: Check = {
  passed: "Replies to connections of this host are accepted early",
  run: whereGuarded((host, family, chain) => {
    const fate = worstFate(host, family, { state: "ESTABLISHED" });
    if (fate.verdict === "drop") {
      return [
        {
          severity: "high",
          code: "no-established",
          title: `No rule accepts ${ipName[family]} replies to connections that this host opens`,
          rule: null,
          where: nameOf(chain),
          why: "Name look-ups, updates, mail and everything else that this host asks for fails, or rules for it are wider than they need be.",
          fix: mend(host, chain, established, chain.rules.length === 0 ? null : 1),
        },
      ];
    }
    const isLate = fate.by !== null && fate.by.chain.base !== null && fate.by.rule.number > mostAhead + 1;
    const isAbout = fate.by?.rule.conditions.state?.of.includes("ESTABLISHED") === true;
    return fate.by !== null && isLate && isAbout
      ? [
          {
            severity: "low",
            code: "established-late",
            title: `The rule for established connections is number ${fate.by.rule.number}`,
            rule: fate.by.rule.text,
            where: placeOf(fate.by),
            why: "Nearly every packet is for it, and is compared with all the rules before it first.",
            fix: mend(host, chain, established, 1),
          },
        ]
      : [];
  }),
};

export const checkLoopback: Check = {
  passed: "Loopback packets are accepted",
  run: whereGuarded((host, family, chain) => {
    const source = parseIpAddress(family === 4 ? "127.0.0.1" : "::1");
    if (source === undefined) {
      return [];
    }
    const probe = strangerProbe(host, family, { inInterface: "lo", source, destinations: [source] });
    return fateOf(probe, host.chains).verdict === "drop"
      ? [
          {
            severity: "medium",
            code: "no-loopback",
            title: `${ipName[family]} packets of this host to itself are dropped`,
            rule: null,
            where: nameOf(chain),
            why: "Services on one host talk over loopback: databases, resolvers, mail. They hang without an error message.",
            fix: mend(
              host,
              chain,
              { iptables: "-i lo -j ACCEPT", nft: 'iifname "lo" accept' },
              chain.rules.length === 0 ? null : 1,
            ),
          },
        ]
      : [];
  }),
};

export const checkInvalid: Check = {
  passed: "Packets that belong to no connection are dropped",
  run: whereGuarded((host, family, chain) => {
    const ports = [...new Set(acceptedPorts(host, family))];
    const port = ports.find(
      (port) => worstFate(host, family, { port, state: "INVALID" }).verdict === "accept",
    );
    return port === undefined
      ? []
      : [
          {
            severity: "low",
            code: "invalid-accepted",
            title: `${ipName[family]} packets of no valid connection are accepted, for example to port ${port}`,
            rule: null,
            where: nameOf(chain),
            why: "Scanners and attacks on the connection table use such packets; no honest program needs them.",
            fix: mend(
              host,
              chain,
              { iptables: "-m conntrack --ctstate INVALID -j DROP", nft: "ct state invalid drop" },
              1,
            ),
          },
        ];
  }),
};

/** The first port of each accepting TCP rule. */
function acceptedPorts(host: AuditedHost, family: Family): readonly number[] {
  const rules = host.chains.filter((chain) => chain.family === family).flatMap(({ rules }) => rules);
  return rules
    .filter(
      ({ verdict, conditions }) =>
        verdict.kind === "accept" && conditions.protocol?.of.includes("tcp") === true,
    )
    .flatMap(({ conditions }) => conditions.destinationPort?.of[0]?.[0] ?? []);
}

export const checkDropLog: Check = {
  passed: "Dropped packets are logged",
  run: whereGuarded((host, family, chain) => {
    const chains = host.chains.filter(({ base, family: its }) => its === family && base?.hook === "input");
    const isLogged = chains
      .flatMap((base) => reachableChains(host, base))
      .some(({ rules }) =>
        rules.some(
          ({ verdict, text }) =>
            verdict.kind === "log" || /(?:^| )log (?:prefix|group|level|flags)/.test(text),
        ),
      );
    const final = chain.rules.find(
      ({ verdict, conditions }) => verdict.kind === "drop" && covers(conditions, anyPacket),
    );
    return isLogged
      ? []
      : [
          {
            severity: "low",
            code: "no-drop-log",
            title: `Nothing logs the ${ipName[family]} packets that are dropped`,
            rule: null,
            where: nameOf(chain),
            why: "An attack, or a rule that drops too much, leaves no trace; Splunk sees nothing of it.",
            fix: mend(
              host,
              chain,
              {
                iptables: '-m limit --limit 5/min -j LOG --log-prefix "dropped: "',
                nft: 'limit rate 5/minute log prefix "dropped: "',
              },
              final?.number ?? null,
            ),
          },
        ];
  }),
};

/** Neighbour solicitation and advertisement: what ARP is for IPv4. */
const neighbourTypes = ["135", "136"];

export const checkNeighbours: Check = {
  passed: "IPv6 neighbour discovery is accepted",
  run(host) {
    if (!familiesOf(host).includes(6) || !isGuarded(host, 6)) {
      return null;
    }
    const source = parseIpAddress("fe80::1");
    const chain = inputChain(host, 6);
    const fates = neighbourTypes.map((icmpType) => {
      const probe: Partial<Probe> = {
        protocol: "ipv6-icmp",
        icmpType,
        state: "UNTRACKED",
        source: source ?? "stranger",
      };
      return worstFate(host, 6, {
        ...probe,
        destinations: host.facts.addresses.filter(({ family }) => family === 6).map(({ address }) => address),
      });
    });
    const lost = fates.find(({ verdict }) => verdict === "drop");
    if (lost === undefined || chain === undefined) {
      return [];
    }
    return [
      {
        severity: "high",
        code: "icmpv6-blocked",
        title: "IPv6 neighbour discovery is dropped",
        rule: lost.by?.rule.text ?? null,
        where: lost.by === null ? policyPlace(lost.base, 6) : placeOf(lost.by),
        why: "IPv6 finds its neighbours and the size of packets by ICMPv6: without it this host falls off the IPv6 network within minutes.",
        fix: mend(
          host,
          chain,
          { iptables: "-p ipv6-icmp -j ACCEPT", nft: "meta l4proto ipv6-icmp accept" },
          chain.rules.length === 0 ? null : 1,
        ),
      },
    ];
  },
};

/** Says whether a rule of this host drops packets with a forged source. */
export function hasSpoofingRule(host: AuditedHost): boolean {
  const world = worldOf(host);
  return host.chains.some(
    ({ base, rules }) =>
      base !== null &&
      rules.some(({ text, verdict, conditions }) => {
        const isByInterface = conditions.inInterface?.of.some((name) => world.includes(name)) === true;
        return (
          endsChain(verdict) &&
          verdict.kind === "drop" &&
          (/\brpfilter\b|\bfib saddr\b/.test(text) || (isByInterface && conditions.source !== null))
        );
      }),
  );
}
