import type { Config } from "./config.ts";
import type { SettingName } from "./setting-names.ts";
import type { SettingReader } from "./setting-reader.ts";

/** Settings that do nothing unless another one is set as well. */
const dependents: readonly (readonly [needed: SettingName, dependents: readonly SettingName[]])[] = [
  ["SMTP_SERVER", ["SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_TLS", "MAIL_FROM", "ADMIN_EMAIL"]],
  [
    "SSH_HOST",
    ["SSH_PORT", "SSH_USER", "SSH_PASSWORD", "SSH_PRIVATE_KEY_FILE", "SSH_HOST_KEY", "SSH_KNOWN_HOSTS_FILE"],
  ],
  ["VIRUSTOTAL_API_KEY", ["VIRUSTOTAL_URL"]],
  ["ABUSEIPDB_API_KEY", ["ABUSEIPDB_URL"]],
];

/** Warns of each setting that has no effect because the one it belongs to is missing. */
export function warnOfUselessSettings(reader: SettingReader, warn: (line: string) => void): void {
  for (const [needed, names] of dependents) {
    const useless = reader.isSet(needed) ? [] : names.filter((name) => reader.isSet(name));
    if (useless.length > 0) {
      warn(`${useless.join(", ")}: no effect without ${needed}`);
    }
  }
}

/** Warns of a configuration that is right and yet will not do what its owner expects. */
export function warnOfGaps(config: Pick<Config, "mode" | "firewalls">, warn: (line: string) => void): void {
  if (config.mode !== "observe" && config.firewalls.length === 0) {
    warn(
      `MODE: ${config.mode} without a firewall blocks nobody; set SSH_HOST, or firewalls: in portcullis.yaml`,
    );
  }
  for (const { name, hostKeys, knownHosts } of config.firewalls) {
    if (hostKeys.length === 0 && knownHosts === null) {
      warn(
        `firewall ${name}: no host key is pinned, so it will be refused; the refusal shows the line to add (SSH_HOST_KEY or hostKey:)`,
      );
    }
  }
}
