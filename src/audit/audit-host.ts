import type { Check } from "./check.ts";
import { checkDefaultForward, checkDefaultInput } from "./check-default.ts";
import {
  checkDropLog,
  checkEstablished,
  checkInvalid,
  checkLoopback,
  checkNeighbours,
} from "./check-hygiene.ts";
import { checkConntrack, checkManagers, checkMixed, checkSettings, checkSpoofing } from "./check-kernel.ts";
import { checkDocker, checkForwardedPorts } from "./check-nat.ts";
import { checkDuplicates, checkUnreachable } from "./check-order.ts";
import { checkFlowTable, checkOurs } from "./check-ours.ts";
import { checkIpv6Ports, checkPorts } from "./check-ports.ts";
import { checkWideRanges } from "./check-wide-ranges.ts";
import { cleanSections } from "./clean-sections.ts";
import { type AuditFinding, type AuditReport, severities } from "./finding.ts";
import type { Sections } from "./host-facts.ts";
import { type AuditContext, type AuditedHost, readHost } from "./read-host.ts";

const checks: readonly Check[] = [
  checkOurs,
  checkFlowTable,
  checkDefaultInput,
  checkDefaultForward,
  checkPorts,
  checkWideRanges,
  checkIpv6Ports,
  checkForwardedPorts,
  checkDocker,
  checkUnreachable,
  checkDuplicates,
  checkEstablished,
  checkLoopback,
  checkInvalid,
  checkNeighbours,
  checkDropLog,
  checkMixed,
  checkManagers,
  checkSpoofing,
  checkSettings,
  checkConntrack,
];

/** Judges a host's whole rule set, as its own tools printed it, against good practice. */
export function auditHost(texts: Sections, context: AuditContext): AuditReport {
  const sections = cleanSections(texts);
  const host = readHost(sections, context);
  const findings: AuditFinding[] = [];
  const passed: string[] = [];
  for (const check of checks) {
    const found = check.run(host);
    findings.push(...(found ?? []));
    if (found?.length === 0) {
      passed.push(check.passed);
    }
  }
  const distinct = merged(findings);
  const rank = ({ severity }: AuditFinding): number => severities.indexOf(severity);
  return {
    findings: distinct.toSorted((a, b) => rank(a) - rank(b)),
    passed,
    notes: notesOn(
      host,
      sections,
      distinct.some(({ fix }) => fix !== null),
    ),
  };
}

/** One finding for both families where they say the same of the same rule. */
function merged(findings: readonly AuditFinding[]): readonly AuditFinding[] {
  const byKey = new Map<string, AuditFinding>();
  for (const finding of findings) {
    const key = [finding.code, finding.where, finding.rule, finding.title.replaceAll(/IPv[46]/g, "IP")].join(
      "\n",
    );
    const before = byKey.get(key);
    const isOther = before !== undefined && before.title !== finding.title;
    byKey.set(
      key,
      isOther ? { ...before, title: before.title.replace("IPv4", "IPv4 and IPv6") } : (before ?? finding),
    );
  }
  return [...byKey.values()];
}

/** The script on the host cuts what is longer. */
const mostLines = 20_000;

function notesOn(host: AuditedHost, sections: Sections, hasFixes: boolean): readonly string[] {
  const { facts, notUnderstood } = host;
  const notes = [...notUnderstood].map(
    ([by, count]) =>
      `${count} ${by} ${count === 1 ? "rule was" : "rules were"} not understood and not judged.`,
  );
  for (const [name, { length }] of sections) {
    if (length >= mostLines) {
      notes.push(
        `${name} is too long to be read whole: what is beyond its first ${mostLines} lines was not judged.`,
      );
    }
  }
  if (facts.listeners === null) {
    notes.push("The host did not tell what listens: open ports are judged by the rules alone.");
  }
  if (facts.worldInterfaces.length === 0) {
    notes.push("The host told no interface: rules for one interface were taken as not for strangers.");
  }
  if (hasFixes) {
    const keep = facts.managers.includes("netfilter-persistent")
      ? "netfilter-persistent save"
      : "the way this host keeps its rules";
    notes.push(
      `Numbers of rules are of this moment: audit again after each change. The commands change the running kernel only; to keep them over a restart use ${keep}.`,
    );
  }
  return notes;
}
