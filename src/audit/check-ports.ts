import {
  type Check,
  defaultFate,
  familiesOf,
  ipName,
  isExposed,
  isGuarded,
  milder,
  placeOf,
  policyPlace,
  worstFate,
} from "./check.ts";
import type { AuditFinding, Severity } from "./finding.ts";
import { deleteCommand } from "./mend.ts";
import { isSolePort, mendPort, type OpenPort } from "./mend-port.ts";
import { wideRange } from "./check-wide-ranges.ts";
import type { AuditedHost } from "./read-host.ts";
import type { Family } from "./rule.ts";
import { managementServices, type Service, ssh } from "./services.ts";

export const checkPorts: Check = {
  passed: "No management service is open to everybody",
  run: (host) =>
    servicesOf(host).flatMap((service) => service.ports.flatMap((port) => judgePort(host, service, port))),
};

/** What is closed by IPv4 and open by IPv6, besides the services that are judged above. */
export const checkIpv6Ports: Check = {
  passed: "IPv6 lets in nothing that IPv4 keeps out",
  run(host) {
    if (!familiesOf(host).includes(6) || !isGuarded(host, 4) || defaultFate(host, 6).verdict === "accept") {
      return null;
    }
    const open = listening(host).filter((listener) => isOnlyIpv6(host, listener));
    const others = open.filter(({ protocol, port }) => !isManagement(host, protocol, port));
    return open.length > 0 && others.length === 0
      ? null
      : others.map((listener) => ipv6Finding(host, listener));
  },
};

function servicesOf(host: AuditedHost): readonly Service[] {
  return [ssh([...new Set([22, ...host.sshPorts])]), ...managementServices];
}

function isManagement(host: AuditedHost, protocol: string, port: number): boolean {
  return servicesOf(host).some((service) => service.protocol === protocol && service.ports.includes(port));
}

interface Opening extends OpenPort {
  readonly family: Family;
  /** Null when the host did not say what listens. */
  readonly listens: boolean | null;
  readonly where: string;
}

/** One finding for each family, or one for both where the same rule opens it. */
function judgePort(host: AuditedHost, service: Service, port: number): readonly AuditFinding[] {
  const openings = familiesOf(host).flatMap((family) => openingOf(host, service, { family, port }) ?? []);
  const [first, second] = openings;
  if (first === undefined) {
    return [];
  }
  return second !== undefined && first.where === second.where
    ? [portFinding(host, service, [first, second])]
    : openings.map((opening) => portFinding(host, service, [opening]));
}

function openingOf(
  host: AuditedHost,
  { protocol, name }: Service,
  { family, port }: { readonly family: Family; readonly port: number },
): Opening | undefined {
  const fate = worstFate(host, family, { protocol, port });
  const ranges = fate.by?.rule.conditions.destinationPort?.of ?? [];
  const isNamed = ranges.some(([from, to]) => from <= port && port <= to && to - from < wideRange);
  const listens = isListening(host, protocol, port, family);
  if (fate.verdict !== "accept" || (listens !== true && !isNamed)) {
    return undefined;
  }
  const where = fate.by === null ? policyPlace(fate.base, family) : placeOf(fate.by);
  return { protocol, port, isSsh: name === "SSH", fate, family, listens, where };
}

function portFinding(
  host: AuditedHost,
  service: Service,
  openings: readonly [Opening, ...Opening[]],
): AuditFinding {
  const [first] = openings;
  const { port, fate, where, isSsh } = first;
  const families = openings.map(({ family }) => ipName[family]).join(" and ");
  const isPrivate = !openings.some(({ family }) => isExposed(host, family));
  return {
    severity: severityOf(service.severity, openings, isPrivate),
    code: "management-port-open",
    title: `${service.name} (${service.protocol.toUpperCase()} ${port}) is open to everybody by ${families}${fate.isLimited ? ", though limited in rate" : ""}`,
    rule: fate.by?.rule.text ?? null,
    where,
    why: [
      service.why,
      ...(openings.every(({ listens }) => listens === false)
        ? ["Nothing listens there now; whatever does one day is open at once."]
        : []),
      ...(isPrivate ? ["This host has no public address there: everybody is who reaches its network."] : []),
      ...(isSsh ? [adminWords(host)] : []),
    ].join(" "),
    fix: mendPort(
      host,
      first,
      openings.map(({ family }) => family),
    ),
  };
}

/** Portcullis is one of those who must still get in. */
function adminWords({ facts }: AuditedHost): string {
  const own = facts.connection === null ? "" : ` (now ${facts.connection.peer})`;
  return `Put your own networks for ADMIN_NETWORK${facts.isIpv6On ? " and, for IPv6, ADMIN_NETWORK6" : ""}; they must hold the address that Portcullis logs in from${own}, or it can block nothing here any more.`;
}

function severityOf(severity: Severity, openings: readonly Opening[], isPrivate: boolean): Severity {
  if (openings.every(({ listens }) => listens === false)) {
    return "low";
  }
  const isLimited = openings.every(({ fate }) => fate.isLimited);
  const isUnknown = openings.every(({ listens }) => listens === null);
  return milder(severity, Number(isPrivate) + Number(isLimited) + Number(isUnknown));
}

function isListening({ facts }: AuditedHost, protocol: string, port: number, family: Family): boolean | null {
  return (
    facts.listeners?.some(
      (listener) =>
        listener.protocol === protocol &&
        listener.port === port &&
        !listener.isLoopbackOnly &&
        (listener.family === "both" || listener.family === family),
    ) ?? null
  );
}

interface Listening {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

/** What can be reached by IPv6, each once. */
function listening({ facts }: AuditedHost): readonly Listening[] {
  const open = (facts.listeners ?? []).filter(
    ({ isLoopbackOnly, family }) => !isLoopbackOnly && family !== 4,
  );
  return [...new Map(open.map(({ protocol, port }) => [`${protocol} ${port}`, { protocol, port }])).values()];
}

/** DHCPv6 has a port of its own. */
const dhcpv6Client = 546;

function isOnlyIpv6(host: AuditedHost, { protocol, port }: Listening): boolean {
  return (
    port !== dhcpv6Client &&
    worstFate(host, 4, { protocol, port }).verdict === "drop" &&
    worstFate(host, 6, { protocol, port }).verdict === "accept"
  );
}

function ipv6Finding(host: AuditedHost, { protocol, port }: Listening): AuditFinding {
  const { by, base } = worstFate(host, 6, { protocol, port });
  const isMine = by !== null && isSolePort(by) && !/^(?:ufw|filter_|IN_)/.test(by.chain.name);
  return {
    severity: isExposed(host, 6) ? "high" : "medium",
    code: "ipv6-port-open",
    title: `${protocol.toUpperCase()} ${port} is closed by IPv4 and open by IPv6, and something listens there`,
    rule: by?.rule.text ?? null,
    where: by === null ? policyPlace(base, 6) : placeOf(by),
    why: "Whoever reaches this host by IPv6 passes by what the IPv4 rules forbid.",
    fix: isMine ? deleteCommand(host, by) : null,
  };
}
