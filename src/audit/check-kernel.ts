import { type Check, familiesOf } from "./check.ts";
import { hasSpoofingRule } from "./check-hygiene.ts";
import type { AuditFinding, Severity } from "./finding.ts";
import { nameOf } from "./rule.ts";

export const checkSpoofing: Check = {
  passed: "Packets with a forged source are dropped",
  run(host) {
    const { sysctl, defaultRoutes, addresses } = host.facts;
    const values = ["all", "default"].map((name) => sysctl.get(`net.ipv4.conf.${name}.rp_filter`));
    if (values.every((value) => value === undefined)) {
      return null;
    }
    if (values.some((value) => value === "1" || value === "2") || hasSpoofingRule(host)) {
      return [];
    }
    const interfaces = new Set(addresses.map((address) => address.interface).filter((name) => name !== "lo"));
    // With several ways out an honest answer may come in by another one.
    const mode = interfaces.size === 1 && defaultRoutes <= 1 ? 1 : 2;
    return [
      {
        severity: "medium",
        code: "no-anti-spoofing",
        title: "Packets with a forged source address are let in",
        rule: null,
        where: "sysctl net.ipv4.conf.all.rp_filter",
        why: "From outside anybody can pretend to be in a network that the rules trust.",
        fix: `sysctl -w net.ipv4.conf.all.rp_filter=${mode}`,
      },
    ];
  },
};

interface Setting {
  readonly name: string;
  /** What it should be. */
  readonly good: string;
  readonly severity: Severity;
  readonly code: string;
  readonly title: string;
  readonly why: string;
}

const both = (name: string, setting: Omit<Setting, "name">): readonly Setting[] => [
  { name: `net.ipv4.conf.all.${name}`, ...setting },
  { name: `net.ipv6.conf.all.${name}`, ...setting },
];

const settings: readonly Setting[] = [
  ...both("accept_source_route", {
    good: "0",
    severity: "medium",
    code: "source-route",
    title: "Packets may choose their own way through the network",
    why: "With source routing a stranger reaches networks, and gets answers, that routing would not give him.",
  }),
  ...both("accept_redirects", {
    good: "0",
    severity: "low",
    code: "redirects",
    title: "This host takes routes from ICMP redirects",
    why: "Anybody in its network can lead its traffic through a machine of his own.",
  }),
  {
    name: "net.ipv4.conf.all.log_martians",
    good: "1",
    severity: "info",
    code: "martians-not-logged",
    title: "Packets with impossible addresses are not logged",
    why: "They are a first sign of forged sources and of wrong routes.",
  },
  {
    name: "net.ipv4.tcp_syncookies",
    good: "1",
    severity: "low",
    code: "no-syncookies",
    title: "A flood of connection requests can fill the queue of every service",
    why: "SYN cookies keep services reachable through such a flood, and cost nothing otherwise.",
  },
];

export const checkSettings: Check = {
  passed: "The kernel refuses source routes, redirects and floods of connection requests",
  run(host) {
    const known = settings.filter(({ name }) => host.facts.sysctl.has(name));
    const asked = known.filter(({ name }) => !name.includes("ipv6") || familiesOf(host).includes(6));
    const wrong = asked.filter((setting) => !isGood(setting, host.facts.sysctl));
    return known.length === 0
      ? null
      : wrong.map(({ name, good, severity, code, title, why }) => ({
          severity,
          code,
          title,
          rule: null,
          where: `sysctl ${name} = ${host.facts.sysctl.get(name) ?? ""}`,
          why,
          fix: `sysctl -w ${name}=${good}`,
        }));
  },
};

function isGood({ name, good }: Setting, sysctl: ReadonlyMap<string, string>): boolean {
  const value = sysctl.get(name) ?? "";
  // Less than nought is stricter than nought, two are stricter than one.
  return good === "0" ? Number(value) <= 0 : Number(value) >= 1;
}

export const checkConntrack: Check = {
  passed: "The connection table has room",
  run({ facts: { conntrack } }) {
    if (conntrack === null || conntrack.max === 0) {
      return null;
    }
    const share = conntrack.count / conntrack.max;
    return share < 0.6
      ? []
      : [
          {
            severity: share < 0.8 ? "medium" : "high",
            code: "conntrack-full",
            title: `The connection table is ${Math.floor(share * 100)} % full`,
            rule: null,
            where: `conntrack ${conntrack.count} of ${conntrack.max}`,
            why: "When it is full, the kernel drops every new connection, good ones too.",
            fix: `sysctl -w net.netfilter.nf_conntrack_max=${conntrack.max * 2}`,
          },
        ];
  },
};

export const checkMixed: Check = {
  passed: "All rules are in one kind of tables",
  run(host) {
    const hasRules = (variant: string): boolean =>
      host.chains.some((chain) => chain.variant === variant && chain.rules.length > 0);
    const legacy = host.chains.find(
      (chain) =>
        chain.variant === "iptables-legacy" && (chain.rules.length > 0 || chain.base?.policy === "drop"),
    );
    if (legacy === undefined || !(hasRules("iptables-nft") || hasRules("nft"))) {
      return hasRules("iptables-legacy") || hasRules("iptables-nft") || hasRules("nft") ? [] : null;
    }
    return [
      {
        severity: "medium",
        code: "mixed-tables",
        title: "Rules are in iptables-legacy and in nft tables",
        rule: null,
        where: nameOf(legacy),
        why: "A packet must pass both, and each tool shows only its own: who opens or closes a port in one may have changed nothing. Move the legacy rules over, then empty the legacy tables.",
        fix: null,
      },
    ];
  },
};

export const checkManagers: Check = {
  passed: "One program at most manages the rules",
  run({ facts: { managers } }): readonly AuditFinding[] {
    const whole = managers.filter((name) => ["ufw", "firewalld", "netfilter-persistent"].includes(name));
    const rivals = whole.filter((name) => name !== "netfilter-persistent");
    return rivals.length < 2
      ? []
      : [
          {
            severity: "medium",
            code: "rival-managers",
            title: `${rivals.join(" and ")} are both active`,
            rule: null,
            where: "services",
            why: "Each writes its rules without regard to the other; which of them win depends on who started last.",
            fix: null,
          },
        ];
  },
};
