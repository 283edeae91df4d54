import type { Inspection } from "../iptables-ssh/inspection.ts";

/** What of ours a host has in its kernel, one line each, in words; empty when there is nothing. */
export function tracesOf(inspection: Inspection): readonly string[] {
  return [
    ...inTables(inspection, "iptables-save4", "iptables"),
    ...inTables(inspection, "iptables-save6", "ip6tables"),
    ...inTables(inspection, "legacy-save4", "the other iptables"),
    ...inTables(inspection, "legacy-save6", "the other ip6tables"),
    ...linesOf(inspection, "ruleset", /^table inet portcullis(?: |$)/).map(
      () => "nftables: table inet portcullis",
    ),
    ...linesOf(inspection, "sets", /^Name: portcullis[46]n?$/).map(
      (line) => `ipset: ${line.slice("Name: ".length)}`,
    ),
  ];
}

/** Our chain, and whatever jumps to it. */
function inTables(inspection: Inspection, section: string, program: string): readonly string[] {
  return linesOf(inspection, section, /^:PORTCULLIS |^-A .*-j PORTCULLIS$|^-A PORTCULLIS /).map(
    (line) => `${program}: ${line.startsWith(":") ? "chain PORTCULLIS" : line}`,
  );
}

function linesOf(inspection: Inspection, section: string, like: RegExp): readonly string[] {
  return (inspection.get(section) ?? []).map((line) => line.trim()).filter((line) => like.test(line));
}
