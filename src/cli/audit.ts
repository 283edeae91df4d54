import { auditHost } from "../audit/audit-host.ts";
import { summaryOf, writeAudit } from "../audit/write-audit.ts";
import { inspect } from "../enforce/iptables-ssh/inspection.ts";
import { findFirewall, withLink } from "./firewall-link.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

/**
 * Judges the whole rule set of a firewall host against good practice; changes nothing there. Exit code 1 when something is
 * of high or critical severity or the host can't be read, 2 when it can't be reached.
 * @throws {AppError} CONFIG_INVALID, SSH_…, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED
 */
export async function audit(host: Host, name: string, options: { readonly json?: true }): Promise<ExitCode> {
  const config = await readConfig(host, { writeSecrets: false });
  const firewall = findFirewall(config, name);
  host.err(`reading the rules of ${firewall.user}@${firewall.host}:${firewall.port} …\n`);
  const inspection = await withLink(config, firewall, (link) => inspect(link, host.stopSignal));
  const report = auditHost(inspection, {
    sshPort: firewall.port,
    isEnforcing: config.mode === "enforce" && firewall.isEnabled,
  });
  const answer = { firewall: name, summary: summaryOf(report), ...report };
  host.out(options.json === true ? `${JSON.stringify(answer, null, 2)}\n` : writeAudit(name, report));
  const isBad = report.findings.some(({ severity }) => severity === "critical" || severity === "high");
  return isBad ? 1 : 0;
}
