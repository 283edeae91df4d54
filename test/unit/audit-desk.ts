import { readFileSync } from "node:fs";
import { join } from "node:path";
import { auditHost } from "../../src/audit/audit-host.ts";
import type { AuditFinding, AuditReport } from "../../src/audit/finding.ts";
import type { AuditContext } from "../../src/audit/read-host.ts";

/** Texts of one host by section. */
export type Texts = Readonly<Record<string, readonly string[]>>;

/** A host's texts from `test/fixtures/audit/`. */
export function fixture(name: string): Texts {
  const text = readFileSync(join(import.meta.dirname, `../fixtures/audit/${name}.txt`), "utf8");
  const sections: Record<string, string[]> = {};
  let lines: string[] = [];
  for (const line of text.split("\n")) {
    const section = /^=== (\S+)$/.exec(line)?.[1];
    if (section === undefined) {
      lines.push(line);
    } else {
      lines = [];
      sections[section] = lines;
    }
  }
  return sections;
}

/** A well-kept host with one public interface, eth0, and no rules at all. */
export const bareHost: Texts = {
  iptables: ["iptables v1.8.9 (nf_tables)"],
  nft: ["nftables v1.0.6 (Lester Gooch #5)"],
  ip6: ["1"],
  addr: ["1: lo    inet 127.0.0.1/8 scope host lo", "2: eth0    inet 198.51.100.7/24 scope global eth0"],
  route: ["default via 198.51.100.1 dev eth0"],
  listen: ["tcp   LISTEN 0      128          0.0.0.0:22       0.0.0.0:*"],
};

export function audited(texts: Texts, context: Partial<AuditContext> = {}): AuditReport {
  return auditHost(new Map(Object.entries(texts)), { sshPort: 22, isEnforcing: true, ...context });
}

/** The rules of filter/INPUT behind a policy, on a bare host; `changes` are sections of it. */
export function auditedInput(policy: string, rules: readonly string[], changes: Texts = {}): AuditReport {
  const saved = ["*filter", `:INPUT ${policy} [0:0]`, ...rules.map((rule) => `-A INPUT ${rule}`), "COMMIT"];
  return audited({ ...bareHost, "iptables-save4": saved, ...changes });
}

/** `severity code where`, most severe first. */
export function told({ findings }: AuditReport): readonly string[] {
  return findings.map(({ severity, code, where }) => `${severity} ${code} ${where}`);
}

export function findingsOf({ findings }: AuditReport, code: string): readonly AuditFinding[] {
  return findings.filter((finding) => finding.code === code);
}

/** A public interface and one of a management network. */
export const twoInterfaces: Texts = {
  addr: [...(bareHost["addr"] ?? []), "3: eth1    inet 10.0.0.1/24 scope global eth1"],
};

/** Sections of a bare host that has IPv6, too. */
export const ipv6: Texts = {
  ip6: ["0"],
  addr: [...(bareHost["addr"] ?? []), "2: eth0    inet6 2001:db8:5::7/64 scope global"],
  listen: ["tcp LISTEN 0 128 *:22 *:*"],
};

/** Why, and the commands, of the only finding of this code. */
export function mendOf(report: AuditReport, code: string): readonly [string, readonly string[]] {
  const [finding, ...others] = findingsOf(report, code);
  if (finding === undefined || others.length > 0) {
    throw new Error(`${code} is there ${others.length === 0 ? "not at all" : "several times"}`);
  }
  return [finding.why, finding.fix?.split(" && \\\n") ?? []];
}

/** A host of both families with nft alone. */
export function inet(policy: string, ...rules: readonly string[]): Texts {
  const chain = [`type filter hook input priority 0; policy ${policy};`, ...rules];
  return {
    ...bareHost,
    ...ipv6,
    iptables: [],
    ruleset: ["table inet filter {", " chain input {", ...chain.map((line) => `  ${line}`), " }", "}"],
  };
}
