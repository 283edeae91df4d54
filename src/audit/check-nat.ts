import { type Check, familiesOf, ipName, isExposed, milder, placeOf, worldOf } from "./check.ts";
import { fateOf } from "./fate.ts";
import type { AuditFinding } from "./finding.ts";
import { meets } from "./meets.ts";
import { deleteCommand, toolFor } from "./mend.ts";
import { type AuditedHost, strangerProbe } from "./read-host.ts";
import { type Family, nameOf, type PlacedRule, type Rule } from "./rule.ts";
import { managementServices, ssh } from "./services.ts";

/** A port that is led on to another host, a container or another port, for everybody. */
interface Published {
  readonly placed: PlacedRule;
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** `172.17.0.2:80`; the port may be missing. */
  readonly to: string;
  readonly isDocker: boolean;
}

export const checkForwardedPorts: Check = {
  passed: "No management service is led on to for everybody",
  run: (host) =>
    familiesOf(host).flatMap((family) =>
      publishedPorts(host, family).flatMap((port) => judge(host, family, port)),
    ),
};

export const checkDocker: Check = {
  passed: "Docker's published ports are filtered",
  run(host) {
    const published = familiesOf(host).flatMap((family) =>
      publishedPorts(host, family)
        .filter(({ isDocker }) => isDocker)
        .map((port) => ({ ...port, family })),
    );
    const [first] = published;
    if (!host.chains.some(({ name }) => name === "DOCKER")) {
      return null;
    }
    return first === undefined ? [] : [dockerFinding(host, first, published)];
  },
};

function dockerFinding(
  host: AuditedHost,
  first: Published & { readonly family: Family },
  published: readonly Published[],
): AuditFinding {
  const user = host.chains.find(({ name, family }) => name === "DOCKER-USER" && family === first.family);
  const ports = [...new Set(published.map(({ protocol, port }) => `${protocol} ${port}`))];
  const world = worldOf(host)[0] ?? "";
  const tool = toolFor(host, { family: first.family, variant: user?.variant ?? "iptables-nft" });
  return {
    severity: milder("medium", Number(!isExposed(host, first.family))),
    code: "docker-past-input",
    title: `Docker publishes ${ports.length === 1 ? "a port" : `${ports.length} ports`} to everybody, past all INPUT rules: ${ports.join(", ")}`,
    rule: first.placed.rule.text,
    where: user === undefined ? placeOf(first.placed) : nameOf(user),
    why: "Docker leads these ports to containers before INPUT is asked, so closing them there, or with ufw, has no effect. Publish to 127.0.0.1 what only this host needs, and filter the rest in DOCKER-USER. Put the network that may reach them for ALLOWED_NETWORK.",
    fix:
      user === undefined || tool === null || world === "(any)"
        ? null
        : `${tool} -I DOCKER-USER 1 -i ${world} ! -s ALLOWED_NETWORK -m conntrack --ctstate NEW -j DROP`,
  };
}

function judge(
  host: AuditedHost,
  family: Family,
  { placed, protocol, port, to }: Published,
): readonly AuditFinding[] {
  const target = Number(/:(\d+)$/.exec(to)?.[1] ?? port);
  const service = [ssh([22]), ...managementServices].find(
    (service) => service.protocol === protocol && service.ports.includes(target),
  );
  if (service === undefined) {
    return [];
  }
  return [
    {
      severity: milder(service.severity, Number(!isExposed(host, family))),
      code: "management-port-forwarded",
      title: `${service.name} behind this host is open to everybody by ${ipName[family]}: ${protocol.toUpperCase()} ${port} goes to ${to}`,
      rule: placed.rule.text,
      where: placeOf(placed),
      why: `${service.why} Another port number in front hides it from nobody.`,
      fix: placed.chain.name === "DOCKER" ? null : deleteCommand(host, placed),
    },
  ];
}

function publishedPorts(host: AuditedHost, family: Family): readonly Published[] {
  const nat = host.chains.filter(
    (chain) =>
      chain.family === family &&
      (chain.table === "nat" || chain.base?.type === "nat" || chain.name.startsWith("nat_")),
  );
  return nat.flatMap((chain) => chain.rules.flatMap((rule) => published(host, { chain, rule }) ?? []));
}

function published(host: AuditedHost, { chain, rule }: PlacedRule): Published | undefined {
  const { verdict, conditions } = rule;
  const [range] = conditions.destinationPort?.of ?? [];
  const protocol = protocolOf(rule);
  if (verdict.kind !== "destination-nat" || range === undefined || protocol === undefined) {
    return undefined;
  }
  const [port] = range;
  const isForAll = worldOf(host).some((inInterface) => {
    const probe = strangerProbe(host, chain.family, { inInterface, protocol, port });
    const way = { inInterface, protocol, to: verdict.to, port };
    return meets(probe, conditions) === "yes" && isForwarded(host, chain.family, way);
  });
  const isDocker = chain.name === "DOCKER";
  return isForAll && chain.base?.hook !== "output"
    ? { placed: { chain, rule }, protocol, port, to: verdict.to, isDocker }
    : undefined;
}

function protocolOf({ conditions }: Rule): "tcp" | "udp" | undefined {
  return (["tcp", "udp"] as const).find((name) => conditions.protocol?.of.includes(name) === true);
}

interface Way {
  readonly inInterface: string;
  readonly protocol: string;
  readonly to: string;
  readonly port: number;
}

/** A forwarding rule may still keep it out. What only the rules of the other side's interface tell counts as let through. */
function isForwarded(host: AuditedHost, family: Family, { inInterface, protocol, to, port }: Way): boolean {
  const chains = host.chains.filter(({ name }) => name === "DOCKER-USER");
  const target = Number(/:(\d+)$/.exec(to)?.[1] ?? port);
  return !chains
    .filter((chain) => chain.family === family)
    .some((chain) => {
      const base = { hook: "forward", type: "filter", priority: 0, policy: "accept" } as const;
      const probe = strangerProbe(host, family, {
        hooks: ["forward"],
        inInterface,
        protocol,
        port: target,
        destinations: [],
      });
      return fateOf(probe, [{ ...chain, base }]).verdict === "drop";
    });
}
