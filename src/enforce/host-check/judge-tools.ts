import { bad, type CheckItem, firstOf, type HostFacts, ok, warning } from "./check-item.ts";

/** The programs that the host has for dropping packets, and which of them are used. */
export function judgeTools(facts: HostFacts): readonly CheckItem[] {
  return [
    judgeIptables(facts),
    judgeIpv6(facts),
    judgeIpset(facts),
    judgeNft(facts),
    judgeBackend(facts),
    judgeVariants(facts),
  ];
}

/** Which tables `iptables` writes to; undefined when it is missing. The variant is told since 1.8. */
function variantOf({ inspection }: HostFacts): "nf_tables" | "legacy" | undefined {
  const version = firstOf(inspection, "iptables");
  if (!/\bv\d/.test(version)) {
    return undefined;
  }
  return version.includes("nf_tables") ? "nf_tables" : "legacy";
}

function judgeIptables(facts: HostFacts): CheckItem {
  const item = "iptables";
  const version = firstOf(facts.inspection, "iptables");
  const variant = variantOf(facts);
  if (variant === undefined) {
    return facts.backend === "nft"
      ? ok(item, "not there, and not needed: nftables does the work")
      : bad(item, "missing or unusable: install the package iptables or nftables");
  }
  if (variant === "nf_tables") {
    return ok(item, `${version}: its rules are nftables rules in the kernel`);
  }
  return ok(item, `${version.includes("legacy") ? version : `${version} (legacy)`}: the old kernel tables`);
}

function judgeIpv6({ inspection, state }: HostFacts): CheckItem {
  const fault = state.faults.find((fault) => /^IPv6: .*(ip6tables|IPv6)/.test(fault));
  if (firstOf(inspection, "ip6").trim() === "1" && !hasIpv6Address(inspection)) {
    return ok("IPv6", "is off on this host (disable_ipv6): there is nothing to drop");
  }
  return fault === undefined || /chain PORTCULLIS|jump|set portcullis/.test(fault)
    ? ok("IPv6", "is on and can be filtered as well")
    : bad("IPv6", `is on, but can't be filtered (${fault}): IPv6 attackers get through`);
}

/** The setting for all is that of no interface which was told otherwise later. */
function hasIpv6Address(inspection: HostFacts["inspection"]): boolean {
  return (inspection.get("addr") ?? []).some((line) => /^\d+: (?!lo\s)\S+\s+inet6 /.test(line));
}

function judgeIpset({ inspection, backend }: HostFacts): CheckItem {
  const version = firstOf(inspection, "ipset");
  const isThere = /\bv\d/.test(version);
  if (backend === "sets") {
    return ok("ipset", `${version}; the kernel takes sets`);
  }
  if (backend === "nft") {
    return ok("ipset", isThere ? `${version}, not used` : "not there, and not needed: nftables has sets");
  }
  return isThere
    ? warning("ipset", `${version}, but the kernel refuses it (is the module ip_set there?)`)
    : warning(
        "ipset",
        "missing: install the package ipset (or nftables), or each network is a rule of its own, which slows every packet from some thousand networks on",
      );
}

function judgeNft({ inspection, backend }: HostFacts): CheckItem {
  const version = firstOf(inspection, "nft");
  if (!/\bv\d/.test(version)) {
    return ok("nft", "not there, and not needed");
  }
  return ok("nft", backend === "nft" ? version : `${version}, not used for blocking`);
}

function judgeBackend({ backend }: HostFacts): CheckItem {
  switch (backend) {
    case "sets":
      return ok(
        "way of blocking",
        "ipset and one iptables rule, first in raw PREROUTING: one look-up per packet however many networks are blocked; established connections are cut at once",
      );
    case "nft":
      return ok(
        "way of blocking",
        "an nftables table of its own ahead of all others: one look-up per packet however many networks are blocked; established connections are cut at once",
      );
    case "rules":
      return warning(
        "way of blocking",
        "one iptables rule per network in raw PREROUTING: sound, but slow from some thousand networks on",
      );
    default:
      return bad("way of blocking", `the host named one that this version does not know: ${backend}`);
  }
}

/** Rules in both kinds of tables are all in force, but each tool shows only its own. */
function judgeVariants(facts: HostFacts): CheckItem {
  const legacy = ["legacy-save4", "legacy-save6"]
    .flatMap((section) => facts.inspection.get(section) ?? [])
    .filter((line) => line.startsWith("-A "));
  if (legacy.length === 0) {
    return ok("tables", "rules are in one kind of tables only");
  }
  return warning(
    "tables",
    `mixed: ${legacy.length} rules are in the tables that \`iptables\` (${variantOf(facts) ?? "missing"}) does not show. Both kinds are in force, so our drops work, but people see only half of the rules: move them to one kind`,
  );
}
