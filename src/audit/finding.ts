export const severities = ["critical", "high", "medium", "low", "info"] as const;
export type Severity = (typeof severities)[number];

/** Something about a host's rules that good practice advises against. */
export interface AuditFinding {
  readonly severity: Severity;
  /** Stable: to be matched on. */
  readonly code: string;
  readonly title: string;
  /** The rule it is about, as the host printed it. */
  readonly rule: string | null;
  /** Table, chain and number of the rule, or where else. */
  readonly where: string;
  /** Why it matters. */
  readonly why: string;
  /** Commands for a root shell on that host that mend it, one per line, each run only when those before it succeeded; null where no command alone can. */
  readonly fix: string | null;
}

export interface AuditReport {
  /** Most severe first. */
  readonly findings: readonly AuditFinding[];
  /** What is good, one sentence for each check. */
  readonly passed: readonly string[];
  /** What could not be judged, and what to do after mending. */
  readonly notes: readonly string[];
}
