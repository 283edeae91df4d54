import { type CheckItem, firstOf, type HostFacts, ok, warning } from "./check-item.ts";

/** What else on the host has to do with packets, and how we get along. */
export function judgeNeighbours(facts: HostFacts): readonly CheckItem[] {
  return [judgeConntrack(facts), judgeDocker(facts), ...judgeManagers(facts)];
}

function judgeConntrack({ inspection }: HostFacts): CheckItem {
  const lines = inspection.get("conntrack") ?? [];
  const counts = lines
    .map((line) => /^count (\d+) max (\d+)$/.exec(line.trim()))
    .find((match) => match !== null);
  const tool = firstOf(inspection, "conntrack").startsWith("conntrack v")
    ? ""
    : "; the program conntrack is missing, and not needed";
  if (counts === undefined) {
    return ok("conntrack", `the kernel tracks no connections; blocks do not need it${tool}`);
  }
  const [, used = "", most = ""] = counts;
  const percent = Math.round((100 * Number(used)) / Math.max(1, Number(most)));
  const text = `${used} of ${most} connections tracked (${percent} %)`;
  return percent >= 80
    ? warning(
        "conntrack",
        `${text}: when the table is full, new connections of everybody fail; raise net.netfilter.nf_conntrack_max. Dropped packets take no room in it`,
      )
    : ok("conntrack", `${text}; blocks drop packets before they are tracked${tool}`);
}

function judgeDocker({ inspection }: HostFacts): CheckItem {
  const signs = (inspection.get("docker") ?? []).filter((line) => !/^\s*$|^(none|missing)$/.test(line));
  return signs.length === 0
    ? ok("Docker", "not there")
    : ok(
        "Docker",
        "is there: ports that it publishes never pass INPUT, but blocks drop packets before Docker redirects them, so containers are covered",
      );
}

function judgeManagers(facts: HostFacts): readonly CheckItem[] {
  const lines = facts.inspection.get("managers") ?? [];
  const found = new Map<Judge, string>();
  for (const line of lines) {
    const [name = "", state = "installed"] = line.trim().split(/\s+/);
    const judge = managers.get(name.toLowerCase());
    if (judge !== undefined && found.get(judge) !== "active") {
      found.set(judge, state);
    }
  }
  return found.size > 0
    ? [...found].map(([judge, state]) => judge(state, facts))
    : [ok("other managers", "no ufw, firewalld, fail2ban, CrowdSec or netfilter-persistent")];
}

type Judge = (state: string, facts: HostFacts) => CheckItem;

const managers: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  [
    "ufw",
    (state) =>
      ok(
        "ufw",
        `${state}: it keeps to chains of its own in the filter table; ours come before them, and neither touches the other's`,
      ),
  ],
  [
    "firewalld",
    (state, { backend }) =>
      ok(
        "firewalld",
        `${state}: ${
          backend === "nft"
            ? "its tables and ours are apart, and ours comes first"
            : "ours come before its rules; where it uses iptables itself, its reload takes ours out, and Portcullis puts them back within a minute"
        }`,
      ),
  ],
  [
    "fail2ban",
    (state) =>
      ok(
        "fail2ban",
        `${state}: its bans stand in chains of its own; an address may be in both, and lifting one does not lift the other`,
      ),
  ],
  ["crowdsec", judgeCrowdSec],
  ["crowdsec-firewall-bouncer", judgeCrowdSec],
  ["netfilter-persistent", judgePersistent],
]);

function judgeCrowdSec(state: string): CheckItem {
  return ok(
    "CrowdSec",
    `${state}: its bouncer has sets and rules of its own; an address may be in both, and lifting one does not lift the other`,
  );
}

function judgePersistent(state: string, { backend }: HostFacts): CheckItem {
  const item = "netfilter-persistent";
  return backend === "sets"
    ? warning(
        item,
        `${state}: it may restore rules at boot, and Portcullis then puts its own first again. But do not run \`netfilter-persistent save\` while ours stand, unless the package ipset-persistent is there: the saved rules would name our sets, which do not exist at boot, and none of them would load`,
      )
    : ok(item, `${state}: it may restore rules at boot, and Portcullis then puts its own first again`);
}
