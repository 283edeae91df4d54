import { connect } from "node:net";
import { expect } from "vitest";
import { auditHost } from "../../src/audit/audit-host.ts";
import type { AuditFinding, AuditReport } from "../../src/audit/finding.ts";
import type { FirewallHost } from "./namespaces.ts";

/** Reads the host and judges it. */
export async function audited(
  host: FirewallHost,
  { hasIptables = true }: { readonly hasIptables?: boolean } = {},
): Promise<AuditReport> {
  return auditHost(await sectionsOf(host, { hasIptables }), { sshPort: host.sshPort, isEnforcing: false });
}

/** What the host's own tools say, as the script's `inspect` brings it. */
export async function sectionsOf(
  host: FirewallHost,
  { hasIptables }: { readonly hasIptables: boolean },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = async (...argv: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await host.exec(...argv);
    return stdout.split("\n");
  };
  const sysctl = [
    "conf.all.rp_filter",
    "conf.default.rp_filter",
    "conf.all.accept_source_route",
    "ip_forward",
  ].map((name) => `net.ipv4.${name}`);
  const sections = new Map<string, readonly string[]>([
    ["nft", await lines("nft", "-v")],
    ["ruleset", await lines("nft", "-nn", "list", "ruleset")],
    ["ip6", await lines("cat", "/proc/sys/net/ipv6/conf/all/disable_ipv6")],
    ["addr", await lines("ip", "-o", "addr")],
    ["route", await lines("ip", "route")],
    ["listen", await lines("ss", "-Hlntu")],
    ["sysctl", (await lines("sysctl", ...sysctl)).map((line) => line.replace(" = ", " "))],
  ]);
  if (hasIptables) {
    sections.set("iptables", await lines("iptables", "-V"));
    sections.set("iptables-save4", await lines("iptables-save"));
    sections.set("iptables-save6", await lines("ip6tables-save"));
    sections.set("legacy-save4", await lines("iptables-legacy-save"));
  }
  return sections;
}

export function findingOf(report: AuditReport, code: string, where = ""): AuditFinding {
  const found = report.findings.find((finding) => finding.code === code && finding.where.startsWith(where));
  if (found === undefined) {
    throw new Error(
      `no ${code} among ${report.findings.map((finding) => `${finding.code} ${finding.where}`).join(", ")}`,
    );
  }
  return found;
}

export function codes(report: AuditReport): readonly string[] {
  return report.findings.map(({ code, where }) => `${code} ${where}`);
}

/** Runs the commands of a finding as a person would, in a shell. */
export async function mend(host: FirewallHost, { fix }: AuditFinding): Promise<void> {
  const { code, stderr } = await host.exec("sh", "-ec", fix ?? "exit 9");
  expect(stderr).toBe("");
  expect(code).toBe(0);
}

/** True when sshd says who it is, as to a new login. */
export function canLogIn(host: FirewallHost): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.sshHost, port: host.sshPort, timeout: 5000 });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("data", (said) => {
      end(said.toString().startsWith("SSH-2.0"));
    });
    socket.once("timeout", () => {
      end(false);
    });
    socket.once("error", () => {
      end(false);
    });
  });
}
