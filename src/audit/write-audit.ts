import { type AuditFinding, type AuditReport, severities } from "./finding.ts";

/** `3 high, 2 medium, 1 low; 14 checks passed`. */
export function summaryOf({ findings, passed }: AuditReport): string {
  const counts = severities
    .map(
      (severity) => [severity, findings.filter((finding) => finding.severity === severity).length] as const,
    )
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}`);
  const checks = `${passed.length} ${passed.length === 1 ? "check" : "checks"} passed`;
  return `${counts.length === 0 ? "nothing found" : counts.join(", ")}; ${checks}`;
}

/** The report for a person, most severe first. */
export function writeAudit(name: string, report: AuditReport): string {
  const { findings, passed, notes } = report;
  return [
    `Audit of ${name}: ${summaryOf(report)}`,
    ...findings.map(writeFinding),
    ...(passed.length === 0 ? [] : [["Good:", ...passed.map((sentence) => `  + ${sentence}`)].join("\n")]),
    ...(notes.length === 0
      ? []
      : [["Notes:", ...notes.map((note) => wrapped(note, "  - ", "    "))].join("\n")]),
    "",
  ].join("\n\n");
}

const indent = "          ";

function writeFinding({ severity, code, title, rule, where, why, fix }: AuditFinding): string {
  const labelled = (label: string, text: string): string => wrapped(text, `${label.padEnd(9)} `, indent);
  return [
    wrapped(`${title} [${code}]`, `${severity.toUpperCase().padEnd(9)} `, indent),
    labelled("  where", where),
    // Not wrapped: these are there to be copied.
    ...(rule === null ? [] : [`${"  rule".padEnd(9)} ${rule}`]),
    labelled("  why", why),
    ...(fix ?? "")
      .split("\n")
      .filter((command) => command !== "")
      .map((command, index) => `${(index === 0 ? "  mend" : "").padEnd(9)} ${command}`),
  ].join("\n");
}

const width = 100;

function wrapped(text: string, first: string, others: string): string {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > width && line.trim() !== first.trim()) {
      lines.push(line.trimEnd());
      line = others;
    }
    line += line === first || line === others ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
}
